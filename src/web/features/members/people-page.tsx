/** The people of the organisation; administrators add them and hand out their links. */
import { useInfiniteQuery } from '@tanstack/react-query'
import { useState } from 'react'
import type { Member } from '#contract/accounts.ts'
import { call } from '#web/kernel/api.ts'
import type { Reply } from '#web/kernel/endpoints.ts'
import { pictureOf } from '#web/kernel/preferences.ts'
import { withProof } from '#web/kernel/proof.ts'
import { queryClient, useMe } from '#web/kernel/session.ts'
import { Button } from '#web/ui/button.tsx'
import { Dialog } from '#web/ui/dialog.tsx'
import { Panel, PanelSkeleton, ReadingPage } from '#web/ui/frame.tsx'
import { FailureNotice } from '#web/ui/notice.tsx'
import { Portrait } from '#web/ui/portrait.tsx'
import { report } from '#web/ui/report.ts'
import { AddMember } from './add-member.tsx'
import { InvitationSent } from './invitation-sent.tsx'
import { membersQuery } from './queries.ts'
import { t } from './text.ts'

type Invitation = Reply<'members.add'>

/** The page of people. */
export function PeoplePage() {
  const me = useMe()
  const isAdmin = me.user.role === 'admin'
  const [adding, setAdding] = useState(false)
  const [invitation, setInvitation] = useState<Invitation | null>(null)
  const invited = (made: Invitation) => {
    setAdding(false)
    setInvitation(made)
    void queryClient.invalidateQueries(membersQuery)
  }
  return (
    <ReadingPage
      title={t('people.title')}
      lead={`${t('people.lead', { organisation: me.organisation.name })} ${isAdmin ? '' : t('people.askAdmin')}`}
      action={
        isAdmin && (
          <Button look="solid" icon="plus" onClick={() => setAdding(true)}>
            {t('people.add')}
          </Button>
        )
      }
    >
      <title>{t('title.page', { page: t('people.title'), organisation: me.organisation.name })}</title>
      {invitation && <InvitationSent invitation={invitation} />}
      <Members onInvited={invited} isAdmin={isAdmin} ownId={me.user.id} />
      <Dialog title={t('people.add')} open={adding} onOpenChange={setAdding}>
        <AddMember onInvited={invited} />
      </Dialog>
    </ReadingPage>
  )
}

interface MembersProps {
  onInvited: (invitation: Invitation) => void
  isAdmin: boolean
  ownId: string
}

function Members({ onInvited, isAdmin, ownId }: MembersProps) {
  const query = useInfiniteQuery(membersQuery)
  if (query.isPending) return <PanelSkeleton />
  if (query.isError) return <FailureNotice error={query.error} onRetry={() => void query.refetch()} />
  return (
    <>
      <Panel>
        {query.data.pages
          .flatMap((page) => page.items)
          .map((member) => (
            <MemberRow
              key={member.id}
              member={member}
              isOwn={member.id === ownId}
              onInvited={isAdmin && !member.joined ? onInvited : null}
            />
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

interface MemberRowProps {
  member: Member
  isOwn: boolean
  /** Makes a new link; null where there is no need or no right. */
  onInvited: ((invitation: Invitation) => void) | null
}

function MemberRow({ member, isOwn, onInvited }: MemberRowProps) {
  const [busy, setBusy] = useState(false)
  const invite = async () => {
    setBusy(true)
    await withProof(() => call('members.invite_again', { params: { userId: member.id } })).then(onInvited, report)
    setBusy(false)
  }
  return (
    <div className="flex flex-wrap items-center gap-x-4 gap-y-2 px-4 py-3">
      <Portrait name={member.name} source={pictureOf(member)} size="medium" />
      <div className="min-w-0 flex-[1_1_8rem]">
        <p className="font-medium wrap-anywhere">
          {member.name}
          {isOwn && <span className="ml-1.5 font-normal text-muted">({t('people.you')})</span>}
        </p>
        <p className="text-small wrap-anywhere text-muted">{member.email}</p>
      </div>
      {!member.joined && (
        <span className="rounded-full bg-warn-soft px-2.5 text-tiny leading-5 font-medium text-warn">{t('people.pending')}</span>
      )}
      <span className="text-small text-muted">{member.role === 'admin' ? t('people.admin') : t('people.user')}</span>
      {onInvited && (
        <Button busy={busy} onClick={() => void invite()}>
          {t('people.newLink')}
        </Button>
      )}
    </div>
  )
}
