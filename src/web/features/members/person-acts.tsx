/** What an administrator can do for a person; each act says what it does before it is done. */
import { useNavigate } from '@tanstack/react-router'
import type { ReactNode } from 'react'
import type { Member } from '#contract/accounts.ts'
import type { MemberDetails } from '#contract/people.ts'
import { call } from '#web/kernel/api.ts'
import { ButtonLink } from '#web/ui/button.tsx'
import { Panel } from '#web/ui/frame.tsx'
import { Act } from './act.tsx'
import { Recover } from './recover.tsx'
import { SendAgain } from './send-again.tsx'
import { t } from './text.ts'

interface ActsProps {
  of: MemberDetails
  isOwn: boolean
  onDone: (text: string) => void
}

/** The acts that make sense for this person now. */
export function PersonActs({ of, isOwn, onDone }: ActsProps) {
  const { member, recovery } = of
  return (
    <section aria-label={t('person.acts')}>
      <Panel>
        <Line title={t('role.title')} help={t(`people.${member.role}Help`)}>
          <ChangeRole member={member} isOwn={isOwn} onDone={onDone} />
        </Line>
        {!member.joined && <Pending member={member} onDone={onDone} />}
        {member.joined && !isOwn && !member.suspended && (
          <Line title={t('recover.title')} help={recovery ? t('recover.underway') : t('recover.help', { name: member.name })}>
            {recovery ? <ButtonLink to="/people/requests">{t('recover.see')}</ButtonLink> : <Recover of={of} onDone={onDone} />}
          </Line>
        )}
        {!isOwn && (
          <Line title={t('suspend.title')} help={t(helpOfAccess(member))}>
            {member.suspended ? <Reinstate member={member} onDone={onDone} /> : <Suspend member={member} onDone={onDone} />}
          </Line>
        )}
      </Panel>
    </section>
  )
}

/** A suspension holds up no erasure: whoever could lift it must know that the person cannot take theirs back meanwhile. */
function helpOfAccess({ suspended, leavesAt }: Member) {
  if (!suspended) return 'suspend.help'
  return leavesAt ? 'reinstate.leaving' : 'reinstate.help'
}

function Line({ title, help, children }: { title: string; help: string; children: ReactNode }) {
  return (
    <div className="flex flex-wrap items-center gap-x-4 gap-y-2 px-4 py-3">
      <div className="min-w-0 flex-[1_1_16rem]">
        <h3 className="font-medium">{title}</h3>
        <p className="text-small text-pretty text-muted">{help}</p>
      </div>
      {children}
    </div>
  )
}

interface OnePersonProps {
  member: Member
  onDone: (text: string) => void
}

function Pending({ member, onDone }: OnePersonProps) {
  const navigate = useNavigate()
  return (
    <Line title={t('people.invitations')} help={t('invited.lead')}>
      <SendAgain member={member} onDone={onDone} />
      <CancelInvitation member={member} onDone={() => void navigate({ to: '/people' })} />
    </Line>
  )
}

function ChangeRole({ member, isOwn, onDone }: OnePersonProps & { isOwn: boolean }) {
  const { id, name } = member
  const [role, title] =
    member.role === 'user'
      ? (['admin', t('role.toAdmin', { name })] as const)
      : (['user', isOwn ? t('role.toUserOwn') : t('role.toUser', { name })] as const)
  const run = async () => {
    await call('members.change_role', { params: { userId: id }, body: { role } })
    return t(role === 'admin' ? 'role.done' : 'role.doneUser', { name })
  }
  return (
    <Act act={t(role === 'admin' ? 'role.makeAdmin' : 'role.makeUser')} title={title} run={run} onDone={onDone}>
      {!isOwn && <p>{t(role === 'admin' ? 'role.adminLead' : 'role.userLead')}</p>}
      <p className="text-muted">{t(isOwn ? 'role.endsOwn' : 'role.ends')}</p>
    </Act>
  )
}

function Suspend({ member: { id, name }, onDone }: OnePersonProps) {
  const run = async () => {
    await call('members.suspend', { params: { userId: id } })
    return t('suspend.done', { name })
  }
  return (
    <Act act={t('suspend.act')} title={t('suspend.ask', { name })} run={run} onDone={onDone} look="danger">
      <p>{t('suspend.lead')}</p>
      <p className="text-muted">{t('suspend.log')}</p>
    </Act>
  )
}

function Reinstate({ member: { id, name }, onDone }: OnePersonProps) {
  const run = async () => {
    await call('members.reinstate', { params: { userId: id } })
    return t('reinstate.done', { name })
  }
  return (
    <Act act={t('reinstate.act')} title={t('reinstate.ask', { name })} run={run} onDone={onDone}>
      <p>{t('reinstate.lead')}</p>
    </Act>
  )
}

/** Takes an invitation back. */
export function CancelInvitation({ member: { id, name }, onDone }: OnePersonProps) {
  const run = async () => {
    await call('invitations.cancel', { params: { userId: id } })
    return t('cancel.done', { name })
  }
  return (
    <Act
      act={t('cancel.act')}
      label={t('cancel.named', { name })}
      title={t('cancel.ask', { name })}
      run={run}
      onDone={onDone}
      look="danger"
    >
      <p>{t('cancel.lead')}</p>
    </Act>
  )
}
