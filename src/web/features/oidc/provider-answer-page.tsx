/** Where the browser is when it is back from the provider: fetches what came of it, and goes on from there. */
import { useQuery } from '@tanstack/react-query'
import { useRouter } from '@tanstack/react-router'
import { useEffect, useState } from 'react'
import type { Me } from '#contract/accounts.ts'
import { EntryFrame } from '#web/features/sign-in/entry-frame.tsx'
import { ownPath } from '#web/features/sign-in/own-path.ts'
import { type Asked, SecondStep } from '#web/features/sign-in/second-step.tsx'
import { mayBeSignedIn } from '#web/kernel/login.ts'
import { mayPass } from '#web/kernel/problem.ts'
import { meQuery, queryClient } from '#web/kernel/session.ts'
import { ButtonLink } from '#web/ui/button.tsx'
import { FailureNotice } from '#web/ui/notice.tsx'
import { toast } from '#web/ui/toast.ts'
import { answerQuery, FAILED, TRIED } from './queries.ts'
import { t } from './text.ts'

/** The page `/provider-answer`. */
export function ProviderAnswerPage() {
  const { data, error, refetch } = useQuery(answerQuery)
  const router = useRouter()
  const [asked, setAsked] = useState<(Asked & { readonly next: string }) | null>(null)
  // Once for each answer, however often the page is drawn meanwhile.
  // biome-ignore lint/correctness/useExhaustiveDependencies: the router stays the same
  useEffect(() => {
    if (!data) return
    queryClient.removeQueries(answerQuery)
    const { next, outcome } = data
    if (outcome.state === 'sign_in') {
      if (outcome.reply.state === 'second_factor') return setAsked({ ...outcome.reply, next })
      enter(outcome.reply.me)
    }
    if (outcome.state === 'tried') queryClient.setQueryData(TRIED, outcome.found)
    if (outcome.state === 'linked') toast({ text: t('way.linked') })
    if (outcome.state === 'proven') toast({ text: t('way.proven') })
    goTo(next)
  }, [data])
  // What may still come is waited for here; else one tries again where one signs in, if nobody is signed in yet.
  const isOver = error !== null && !mayPass(error) && !mayBeSignedIn()
  useEffect(() => {
    if (!isOver) return
    queryClient.removeQueries(answerQuery)
    queryClient.setQueryData(FAILED, error)
    void router.navigate({ to: '/sign-in', replace: true })
  }, [isOver, error, router])
  const goTo = (next: string) => router.history.replace(ownPath(next, { origin: location.origin }))
  if (asked) {
    const onSignedIn = (me: Me) => {
      enter(me)
      goTo(asked.next)
    }
    return <SecondStep asked={asked} onSignedIn={onSignedIn} onAgain={() => void router.navigate({ to: '/sign-in', replace: true })} />
  }
  if (error === null || isOver) return <EntryFrame title={t('way.waiting')} />
  return (
    <EntryFrame title={t('way.failedTitle')}>
      <FailureNotice error={error} onRetry={mayPass(error) ? () => void refetch() : undefined} className="mb-4" />
      <p>
        <ButtonLink to="/">{t('nav.backToChats')}</ButtonLink>
      </p>
    </EntryFrame>
  )
}

function enter(me: Me): void {
  queryClient.clear()
  queryClient.setQueryData(meQuery.queryKey, me)
}
