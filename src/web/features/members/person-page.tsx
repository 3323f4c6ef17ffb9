/** A person as administrators see them, and what they can do for them. */
import { useQuery } from '@tanstack/react-query'
import { Link, useParams } from '@tanstack/react-router'
import { type ReactNode, useState } from 'react'
import type { MemberDetails } from '#contract/people.ts'
import { sayAgo, sayDay } from '#web/kernel/moments.ts'
import { pictureOf } from '#web/kernel/preferences.ts'
import { ApiProblem } from '#web/kernel/problem.ts'
import { useMe } from '#web/kernel/session.ts'
import { PanelSkeleton } from '#web/ui/frame.tsx'
import { Icon } from '#web/ui/icon.tsx'
import { FailureNotice } from '#web/ui/notice.tsx'
import { Outcome } from '#web/ui/outcome.tsx'
import { Portrait } from '#web/ui/portrait.tsx'
import { AdminPart } from './admin-part.tsx'
import { PersonActs } from './person-acts.tsx'
import { Marks } from './person-list-page.tsx'
import { personQuery } from './queries.ts'
import { t } from './text.ts'

/** The page `/people/$userId`. */
export function PersonPage() {
  const { userId } = useParams({ from: '/workspace/people/$userId' })
  return (
    <AdminPart title={t('people.title')}>
      <Link to="/people" className="mb-4 inline-flex min-h-11 items-center gap-1 text-small text-muted hover:text-ink desk:min-h-0">
        <Icon name="left" size={14} />
        {t('person.back')}
      </Link>
      <Person userId={userId} />
    </AdminPart>
  )
}

function Person({ userId }: { userId: string }) {
  const { organisation, user } = useMe()
  const query = useQuery(personQuery(userId))
  const [outcome, setOutcome] = useState<string | null>(null)
  if (query.isPending) return <PanelSkeleton rows={2} lines={3} />
  if (!query.data) {
    if (query.error instanceof ApiProblem && query.error.is('member.not_found'))
      return <p>{t('person.notFound', { organisation: organisation.name })}</p>
    return <FailureNotice error={query.error} onRetry={() => void query.refetch()} />
  }
  const { member } = query.data
  return (
    <>
      {outcome !== null && <Outcome text={outcome} />}
      <div className="mb-6 flex flex-wrap items-center gap-4">
        <Portrait name={member.name} source={pictureOf(member)} size="medium" />
        <div className="min-w-0 flex-1">
          <h2 className="text-title font-strong wrap-anywhere">{member.name}</h2>
          <p className="wrap-anywhere text-muted">{member.email}</p>
        </div>
        <Marks member={member} />
      </div>
      <Facts of={query.data} />
      {member.id === user.id && <p className="mb-4 text-muted">{t('person.own')}</p>}
      <PersonActs of={query.data} isOwn={member.id === user.id} onDone={setOutcome} />
    </>
  )
}

function Facts({ of }: { of: MemberDetails }) {
  const { member, timeJoined, signsInWith, latestSignIn, logins, apiTokens } = of
  const joined = timeJoined ? t('person.joined', { when: sayDay(timeJoined) }) : t('person.invited', { when: sayDay(member.timeCreated) })
  return (
    <dl className="mb-7 grid gap-x-6 gap-y-3 desk:grid-cols-[10rem_minmax(0,1fr)]">
      <Fact head={t('people.role')}>{t(`people.${member.role}`)}</Fact>
      <Fact head={t('person.status')}>
        {member.suspended && <span className="block text-danger">{t('person.isSuspended')}</span>}
        {member.leavesAt && (
          <span className="block text-warn first-letter:uppercase">{t('people.leaving', { when: sayDay(member.leavesAt) })}</span>
        )}
        {joined}
      </Fact>
      <Fact head={t('person.signsIn')}>{signsInWith.map((kind) => t(`person.with.${kind}`)).join(', ') || t('person.nothing')}</Fact>
      <Fact head={t('person.latest')}>{latestSignIn ? sayAgo(latestSignIn) : t('person.never')}</Fact>
      <Fact head={t('person.logins')}>
        {t('person.loginCount', { count: logins })}
        {apiTokens > 0 && `, ${t('person.tokenCount', { count: apiTokens })}`}{' '}
        {logins + apiTokens > 0 && (
          <Link to="/logins" search={{ person: member.id }} className="text-accent underline underline-offset-3">
            {t('person.seeLogins')}
          </Link>
        )}
      </Fact>
    </dl>
  )
}

function Fact({ head, children }: { head: string; children: ReactNode }) {
  return (
    <div className="contents">
      <dt className="text-muted desk:row-auto">{head}</dt>
      <dd className="-mt-3 min-w-0 wrap-anywhere desk:mt-0">{children}</dd>
    </div>
  )
}
