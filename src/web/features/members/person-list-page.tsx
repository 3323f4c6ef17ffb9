/** Everybody whom one may see, narrowed by a part of the name or address; administrators open a person, and add them. */
import { keepPreviousData, useInfiniteQuery, useQuery } from '@tanstack/react-query'
import { Link, useNavigate, useSearch } from '@tanstack/react-router'
import { useEffect, useEffectEvent, useState } from 'react'
import type { Member } from '#contract/accounts.ts'
import type { Reply } from '#web/kernel/endpoints.ts'
import { sayDay } from '#web/kernel/moments.ts'
import { pictureOf } from '#web/kernel/preferences.ts'
import { useMe } from '#web/kernel/session.ts'
import { Button, ButtonLink } from '#web/ui/button.tsx'
import { Dialog } from '#web/ui/dialog.tsx'
import { SelectField, TextField } from '#web/ui/field.tsx'
import { Panel, PanelSkeleton } from '#web/ui/frame.tsx'
import { FailureNotice } from '#web/ui/notice.tsx'
import { Portrait } from '#web/ui/portrait.tsx'
import { AddMember } from './add-member.tsx'
import { InvitationSent } from './invitation-sent.tsx'
import { directoryQuery, type Found, foundQuery, lookAgain } from './queries.ts'
import { t } from './text.ts'

const TYPED_MS = 250
const STATUSES = [
  { value: '', label: t('find.any') },
  ...(['joined', 'invited', 'suspended'] as const).map((value) => ({ value, label: t(`find.${value}`) })),
]

/** The page `/people`. */
export function PersonListPage() {
  const me = useMe()
  const isAdmin = me.user.role === 'admin'
  const found = useSearch({ from: '/workspace/people/' })
  const directory = useQuery(directoryQuery).data
  const [adding, setAdding] = useState(false)
  const [invitation, setInvitation] = useState<Reply<'members.add'> | null>(null)
  const lead = directory?.shows === 'shared' && !isAdmin ? 'people.leadShared' : 'people.lead'
  return (
    <>
      <title>{t('title.page', { page: t('people.title'), organisation: me.organisation.name })}</title>
      <div className="mb-5 flex flex-wrap items-start justify-between gap-x-6 gap-y-3">
        <p className="max-w-[60ch] min-w-0 flex-[1_1_18rem] text-pretty text-muted">
          {t(lead, { organisation: me.organisation.name })} {!isAdmin && t('people.askAdmin')}
        </p>
        {isAdmin && (
          <span className="flex flex-wrap gap-2">
            <ButtonLink to="/people/invite">{t('people.addMany')}</ButtonLink>
            <Button look="solid" icon="plus" onClick={() => setAdding(true)}>
              {t('people.add')}
            </Button>
          </span>
        )}
      </div>
      {isAdmin && (
        <p className="mb-4 flex flex-wrap gap-x-5 text-small">
          <Link to="/logins/rules" hash="second-factor" className="text-accent underline underline-offset-3">
            {t('people.secondFactor')}
          </Link>
          <Link to="/logins/erasures" className="text-accent underline underline-offset-3">
            {t('people.erasures')}
          </Link>
        </p>
      )}
      {invitation && <InvitationSent invitation={invitation} />}
      <Find found={found} isAdmin={isAdmin} />
      <Members found={found} isAdmin={isAdmin} ownId={me.user.id} />
      <Dialog title={t('people.add')} open={adding} onOpenChange={setAdding}>
        <AddMember
          onInvited={(made) => {
            setAdding(false)
            setInvitation(made)
            void lookAgain()
          }}
        />
      </Dialog>
    </>
  )
}

function Find({ found, isAdmin }: { found: Found; isAdmin: boolean }) {
  const navigate = useNavigate()
  const [typed, setTyped] = useState(found.query ?? '')
  const look = useEffectEvent(
    (query: string) => void navigate({ to: '/people', search: { ...found, query: query || undefined }, replace: true }),
  )
  useEffect(() => {
    if (typed.trim() === (found.query ?? '')) return
    const timer = setTimeout(() => look(typed.trim()), TYPED_MS)
    return () => clearTimeout(timer)
  }, [typed, found.query])
  return (
    <search aria-label={t('find.label')} className="grid gap-x-3 desk:grid-cols-[minmax(0,1fr)_12rem]">
      <TextField
        label={t('find.query')}
        type="search"
        autoComplete="off"
        maxLength={254}
        value={typed}
        onChange={({ target }) => setTyped(target.value)}
      />
      {isAdmin && (
        <SelectField
          label={t('find.status')}
          options={STATUSES}
          value={found.status ?? ''}
          onChange={({ target }) =>
            void navigate({ to: '/people', search: { ...found, status: (target.value || undefined) as Found['status'] }, replace: true })
          }
        />
      )}
    </search>
  )
}

function Members({ found, isAdmin, ownId }: { found: Found; isAdmin: boolean; ownId: string }) {
  const query = useInfiniteQuery({ ...foundQuery(found), placeholderData: keepPreviousData })
  if (query.isPending) return <PanelSkeleton />
  if (!query.data) return <FailureNotice error={query.error} onRetry={() => void query.refetch()} />
  const members = query.data.pages.flatMap((page) => page.items)
  if (members.length === 0) return <p className="text-muted">{t('find.nobody')}</p>
  return (
    <>
      <Panel>
        {members.map((member) => (
          <MemberRow key={member.id} member={member} isOwn={member.id === ownId} opens={isAdmin} />
        ))}
      </Panel>
      {query.hasNextPage && (
        <Button className="mt-4" busy={query.isFetchingNextPage} onClick={() => void query.fetchNextPage()}>
          {t('common.more')}
        </Button>
      )}
    </>
  )
}

function MemberRow({ member, isOwn, opens }: { member: Member; isOwn: boolean; opens: boolean }) {
  return (
    <div className="relative flex flex-wrap items-center gap-x-4 gap-y-2 px-4 py-3 has-[a:hover]:bg-hover">
      <Portrait name={member.name} source={pictureOf(member)} size="medium" />
      <div className="min-w-0 flex-[1_1_8rem]">
        <p className="font-medium wrap-anywhere">
          {opens ? (
            <Link
              to="/people/$userId"
              params={{ userId: member.id }}
              className="after:absolute after:inset-0 focus-visible:after:outline-2"
            >
              {member.name}
            </Link>
          ) : (
            member.name
          )}
          {isOwn && <span className="ml-1.5 font-normal text-muted">({t('people.you')})</span>}
        </p>
        <p className="text-small wrap-anywhere text-muted">{member.email}</p>
      </div>
      <Marks member={member} />
      <span className="text-small text-muted">{t(`people.${member.role}`)}</span>
    </div>
  )
}

/** What stands out of a person: that they have not joined, are suspended, or are leaving. */
export function Marks({ member }: { member: Member }) {
  if (member.suspended)
    return <span className="rounded-full bg-danger-soft px-2.5 text-tiny leading-5 font-medium text-danger">{t('people.suspended')}</span>
  if (member.leavesAt) {
    const words = t('people.leaving', { when: sayDay(member.leavesAt) })
    return <span className="rounded-full bg-warn-soft px-2.5 text-tiny leading-5 font-medium text-warn">{words}</span>
  }
  if (member.joined) return null
  return <span className="rounded-full bg-warn-soft px-2.5 text-tiny leading-5 font-medium text-warn">{t('people.pending')}</span>
}
