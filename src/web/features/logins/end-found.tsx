/**
 * Ending all logins that a filter finds. They are counted first, the question names the number and the people, and the server ends
 * them only if there are still as many; otherwise the new number is shown, and asked about again.
 */
import { useMutation, useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import type { AnySession } from '#contract/sessions.ts'
import { call } from '#web/kernel/api.ts'
import type { Reply } from '#web/kernel/endpoints.ts'
import { ApiProblem } from '#web/kernel/problem.ts'
import { withProof } from '#web/kernel/proof.ts'
import { queryClient } from '#web/kernel/session.ts'
import { Button } from '#web/ui/button.tsx'
import { Confirm } from '#web/ui/confirm.tsx'
import { FailureNotice, Notice } from '#web/ui/notice.tsx'
import type { LoginFilter } from './filter.ts'
import { countQuery } from './queries.ts'
import { t } from './text.ts'

type Count = Reply<'sessions.count'>

interface EndFoundProps {
  filter: LoginFilter
  /** Those that are loaded: they give the names. Null while they are still those of another filter. */
  logins: readonly AnySession[] | null
  onEnded: (text: string) => void
}

/** How many the filter finds, and the button that ends them. */
export function EndFound({ filter, logins, onEnded }: EndFoundProps) {
  const found = useQuery(countQuery(filter))
  const { asked, changedFrom, end, ask, close } = useEnd(filter, onEnded)
  const verb = t(`verb.${filter.kind ?? 'any'}`)
  if (found.isError) return <FailureNotice error={found.error} onRetry={() => void found.refetch()} className="mb-4" />
  const count = asked ?? found.data
  if (count?.sessions === 0 && logins?.length === 0) return null
  if (!count || !logins) return <div className="skeleton mb-4 h-[34px] w-72 max-w-full" aria-hidden="true" />
  const { what, people, all } = wordsOf(count, filter)
  return (
    <div className="mb-4 flex flex-wrap items-center justify-between gap-x-4 gap-y-2">
      <p role="status">{count.sessions === 0 ? t('count.none') : t('count.found', { what, people })}</p>
      {count.sessions > 0 && (
        <Button look="danger" className="max-w-full whitespace-normal! text-left" onClick={() => ask(count)}>
          {t('end.open', { count: count.sessions, verb, what: all })}
        </Button>
      )}
      <Confirm
        title={t('end.title', { verb, what: all })}
        act={t('end.act', { verb, what })}
        onAct={() => asked && end.mutate(asked.sessions)}
        busy={end.isPending}
        error={changedFrom === null ? end.error : null}
        open={asked !== null}
        onClose={close}
      >
        {changedFrom !== null && <Notice tone="warn">{t('end.changed', { before: changedFrom, count: count.sessions })}</Notice>}
        <p>
          {t('end.names', { count: count.sessions, names: namesOf(logins, count.people) })}{' '}
          {t(`end.${filter.kind ?? 'any'}`, { count: count.sessions })}
        </p>
        <p className="text-muted">{t('end.seen')}</p>
      </Confirm>
    </div>
  )
}

/** Asks, ends, and asks again when the number is another one by then. */
function useEnd(filter: LoginFilter, onEnded: (text: string) => void) {
  const [asked, setAsked] = useState<Count | null>(null)
  const [changedFrom, setChangedFrom] = useState<number | null>(null)
  const finish = async (ended: number) => {
    await queryClient.invalidateQueries({ queryKey: ['logins'] })
    setAsked(null)
    onEnded(ended === 0 ? t('end.none') : t('end.done', { count: ended, what: nounOf(ended, filter) }))
  }
  const end = useMutation({
    mutationFn: (expected: number) => withProof(() => call('sessions.end', { body: { filter, expected } })),
    onSuccess: ({ ended }) => finish(ended),
    onError: async (error, expected) => {
      if (!(error instanceof ApiProblem && error.is('session.count_changed'))) return
      const count = await queryClient.fetchQuery({ ...countQuery(filter), staleTime: 0 })
      if (count.sessions === 0) return finish(0)
      void queryClient.invalidateQueries({ queryKey: ['logins', 'list'] })
      setChangedFrom(expected)
      setAsked(count)
    },
  })
  const ask = (count: Count) => {
    end.reset()
    setChangedFrom(null)
    setAsked(count)
  }
  return { asked, changedFrom, end, ask, close: () => setAsked(null) }
}

const nounOf = (count: number, filter: LoginFilter) => t(`count.${filter.kind ?? 'any'}`, { count })

function wordsOf(count: Count, filter: LoginFilter) {
  const what = nounOf(count.sessions, filter)
  const people = t('count.people', { count: count.people })
  return { what, people, all: t('end.of', { what, people }) }
}

const MOST_NAMES = 6
const list = new Intl.ListFormat('en', { type: 'conjunction' })

/** The first few names, and how many others there are. */
function namesOf(logins: readonly AnySession[], people: number): string {
  const known = [...new Map(logins.filter(({ isThis }) => !isThis).map(({ user }) => [user.id, user.name])).values()]
  const named = known.slice(0, MOST_NAMES)
  const others = people - named.length
  return list.format(others > 0 ? [...named, t('end.andMore', { count: others })] : named)
}
