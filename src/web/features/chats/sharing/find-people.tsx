/** Finds people in the directory, as far as one sees it, to share a chat with. */
import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import type { Member } from '#contract/accounts.ts'
import { hasKeyboard } from '#web/kernel/media.ts'
import { useMe } from '#web/kernel/session.ts'
import { TextField } from '#web/ui/field.tsx'
import { FailureNotice } from '#web/ui/notice.tsx'
import { PersonLine } from './person-line.tsx'
import { addableQuery } from './queries.ts'
import { t } from './text.ts'

interface FindPeopleProps {
  /** Ids of those who read it already, or were chosen. */
  known: readonly string[]
  onChoose: (member: Member) => void
}

/** A field, and below it who was found. */
export function FindPeople({ known, onChoose }: FindPeopleProps) {
  const { user, organisation } = useMe()
  const [part, setPart] = useState('')
  const query = useQuery(addableQuery(part.trim()))
  const found = query.data?.filter(({ id }) => id !== user.id && !known.includes(id)) ?? []
  return (
    <section className="mb-4">
      <TextField
        label={t('share.find', { organisation: organisation.name })}
        help={t('share.findHelp')}
        type="search"
        autoComplete="off"
        autoFocus={hasKeyboard()}
        className="[&::-webkit-search-cancel-button]:appearance-none"
        maxLength={254}
        value={part}
        onChange={({ target }) => setPart(target.value)}
        onKeyDown={(event) => {
          if (event.key !== 'Enter') return
          event.preventDefault()
          if (found[0] && !query.isFetching) choose(found[0])
        }}
      />
      {query.error && <FailureNotice error={query.error} onRetry={() => void query.refetch()} />}
      {query.isSuccess && found.length === 0 && <p className="-mt-2 text-small text-muted">{t('share.nobody')}</p>}
      {found.length > 0 && (
        <ul aria-label={t('share.found')} className="-mt-2 max-h-56 overflow-y-auto rounded-control border border-line">
          {found.map((member) => (
            <li key={member.id}>
              <button
                type="button"
                onClick={() => choose(member)}
                className="flex w-full items-center px-3 text-left hover:bg-hover focus-visible:-outline-offset-2"
              >
                <span className="sr-only">{t('share.add')} </span>
                <PersonLine person={member}>
                  <span aria-hidden="true" className="text-small font-medium text-accent">
                    {t('share.add')}
                  </span>
                </PersonLine>
              </button>
            </li>
          ))}
        </ul>
      )}
    </section>
  )

  function choose(member: Member): void {
    setPart('')
    onChoose(member)
  }
}
