/** The one question before chats are erased for good: it names what goes. */
import { useEffect, useState } from 'react'
import { MOST_AT_ONCE } from '#contract/bounds.ts'
import type { Chat } from '#contract/chats.ts'
import { call } from '#web/kernel/api.ts'
import { queryClient } from '#web/kernel/session.ts'
import { Confirm } from '#web/ui/confirm.tsx'
import { toast } from '#web/ui/toast.ts'
import { t } from './text.ts'

const NAMED = 5

interface EraseProps {
  /** `all` is everything in the trash, also what is not loaded; null asks nothing. */
  what: readonly Chat[] | 'all' | null
  onClose: () => void
}

/** Asks, and does it; of many, says how far it is. */
export function Erase({ what, onClose }: EraseProps) {
  const [shown, setShown] = useState(what)
  const [erased, setErased] = useState<number | null>(null)
  const [error, setError] = useState<unknown>(null)
  useEffect(() => {
    if (what === null) return
    setShown(what)
    setError(null)
  }, [what])
  const act = async () => {
    setErased(0)
    setError(null)
    try {
      const count = shown === 'all' ? await eraseAll(setErased) : await eraseSome(shown ?? [], setErased)
      toast({ text: t('trash.erased', { count }) })
      onClose()
    } catch (failure) {
      setError(failure)
    } finally {
      setErased(null)
      void queryClient.invalidateQueries({ queryKey: ['shelf'] })
    }
  }
  const some = shown === 'all' || shown === null ? [] : shown
  return (
    <Confirm
      title={titleOf(shown)}
      act={t('trash.erase')}
      onAct={() => void act()}
      busy={erased !== null}
      error={error}
      open={what !== null}
      onClose={onClose}
    >
      {some.length > 1 && (
        <ul className="list-disc pl-5">
          {some.slice(0, NAMED).map(({ id, description }) => (
            <li key={id} className="wrap-anywhere">
              {description}
            </li>
          ))}
          {some.length > NAMED && <li>…</li>}
        </ul>
      )}
      <p>{t('trash.goes')}</p>
      <p className="text-small text-muted">{t('trash.copies')}</p>
      {erased !== null && erased > 0 && <p role="status">{t('trash.emptying', { count: erased })}</p>}
    </Confirm>
  )
}

function titleOf(what: EraseProps['what']): string {
  if (what === 'all' || what === null) return t('trash.eraseAll')
  const [only] = what
  return what.length === 1 && only ? t('trash.eraseOne', { title: only.description }) : t('trash.eraseMany', { count: what.length })
}

async function eraseSome(chats: readonly Chat[], onCount: (count: number) => void): Promise<number> {
  let count = 0
  for (let at = 0; at < chats.length; at += MOST_AT_ONCE) {
    const chatIds = chats.slice(at, at + MOST_AT_ONCE).map(({ id }) => id)
    count += (await call('chats.change_many', { body: { act: 'erase', chatIds } })).done.length
    onCount(count)
  }
  return count
}

async function eraseAll(onCount: (count: number) => void): Promise<number> {
  for (let count = 0; ; ) {
    const { erased, more } = await call('chats.empty_trash')
    count += erased
    onCount(count)
    if (!more) return count
  }
}
