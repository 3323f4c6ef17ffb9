/** Inviting several people: from a list that is pasted, or a file. What was read is shown before anything is sent. */
import { useMutation, useQuery } from '@tanstack/react-query'
import { useDeferredValue, useEffect, useId, useMemo, useRef, useState } from 'react'
import { call } from '#web/kernel/api.ts'
import type { Reply } from '#web/kernel/endpoints.ts'
import { withProof } from '#web/kernel/proof.ts'
import { Button } from '#web/ui/button.tsx'
import { TextArea } from '#web/ui/field.tsx'
import { FailureNotice, Notice } from '#web/ui/notice.tsx'
import { AdminPart } from './admin-part.tsx'
import { InviteOutcomes } from './invite-outcomes.tsx'
import { InvitePreview } from './invite-preview.tsx'
import { knownQuery, lookAgain } from './queries.ts'
import type { ReadPerson } from './read-people.ts'
import { t } from './text.ts'

/** As many as the server takes in one request. */
const AT_ONCE = 200
const LARGEST_FILE = 1_000_000

const NOBODY: ReadonlyMap<string, boolean> = new Map()

type Outcomes = Reply<'members.invite'>

/** The page `/people/invite`. */
export function InvitePage() {
  const [done, setDone] = useState<Outcomes | null>(null)
  return (
    <AdminPart title={t('many.title')}>
      <h2 className="mb-1 text-title font-strong">{t('many.title')}</h2>
      {done ? <InviteOutcomes of={done} onAgain={() => setDone(null)} /> : <List onDone={setDone} />}
    </AdminPart>
  )
}

function List({ onDone }: { onDone: (outcomes: Outcomes) => void }) {
  const [text, setText] = useState('')
  const people = useRead(text)
  const good = useMemo(() => people.filter(({ wrong }) => wrong.length === 0), [people])
  // Without it the server says the same afterwards: nobody is invited twice.
  const { data: known = NOBODY } = useQuery(knownQuery(useMemo(() => good.map(({ email }) => email), [good])))
  const others = good.filter(({ email }) => !known.has(email))
  const send = useMutation({ mutationFn: () => inviteAll(others), onSuccess: onDone })
  return (
    <>
      <p className="mb-5 max-w-[72ch] text-pretty text-muted">{t('many.lead')}</p>
      <TextArea
        label={t('many.text')}
        help={t('many.textHelp')}
        placeholder={t('many.placeholder')}
        rows={8}
        spellCheck={false}
        value={text}
        onChange={({ target }) => setText(target.value)}
        className="font-mono text-small"
      />
      <ChooseFile onRead={setText} />
      {people.length > 0 && <InvitePreview people={people} known={known} />}
      {send.isError && <FailureNotice error={send.error} className="mb-4" />}
      {others.length > 0 && (
        <Button look="solid" busy={send.isPending} onClick={() => send.mutate()}>
          {t('many.send', { count: others.length })}
        </Button>
      )}
    </>
  )
}

/** What the text says; what reads it is fetched when there is something to read. */
function useRead(text: string): readonly ReadPerson[] {
  const later = useDeferredValue(text)
  const [read, setRead] = useState<((text: string) => ReadPerson[]) | null>(null)
  const wanted = later.trim() !== ''
  useEffect(() => {
    if (wanted) void import('./read-people.ts').then(({ readPeople }) => setRead(() => readPeople))
  }, [wanted])
  return useMemo(() => (read && wanted ? read(later) : []), [read, wanted, later])
}

function ChooseFile({ onRead }: { onRead: (text: string) => void }) {
  const id = useId()
  const input = useRef<HTMLInputElement>(null)
  const [tooLarge, setTooLarge] = useState(false)
  const choose = async (file: File | undefined) => {
    if (!file) return
    setTooLarge(file.size > LARGEST_FILE)
    if (file.size <= LARGEST_FILE) onRead(await file.text())
    // So that the same file, once it was mended, can be chosen again.
    if (input.current) input.current.value = ''
  }
  return (
    <div className="mb-5">
      <input
        ref={input}
        id={id}
        type="file"
        accept=".csv,.tsv,.txt,text/csv,text/plain"
        aria-label={t('many.file')}
        hidden
        onChange={({ target }) => void choose(target.files?.[0])}
      />
      <Button onClick={() => input.current?.click()}>{t('many.file')}</Button>
      {tooLarge && (
        <Notice tone="failed" className="mt-3">
          {t('many.tooLarge')}
        </Notice>
      )}
    </div>
  )
}

/** Sends them, as many at a time as the server takes. Sent again after a failure, nobody is invited twice. */
async function inviteAll(people: readonly ReadPerson[]): Promise<Outcomes> {
  const replies: Outcomes[] = []
  for (let at = 0; at < people.length; at += AT_ONCE) {
    const some = people.slice(at, at + AT_ONCE).map(({ name, email, role }) => ({ name, email, role }))
    replies.push(await withProof(() => call('members.invite', { body: { people: some } })))
  }
  await lookAgain()
  return { outcomes: replies.flatMap(({ outcomes }) => outcomes), mail: replies[0]!.mail }
}
