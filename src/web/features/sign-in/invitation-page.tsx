/** Accepting an invitation: its token stands in the fragment of the address, which browsers send to no server. */
import { JoinButton } from '#web/features/oidc/provider-button.tsx'
import { call } from '#web/kernel/api.ts'
import { ButtonLink } from '#web/ui/button.tsx'
import { EntryFrame } from './entry-frame.tsx'
import { LinkPassword } from './link-password.tsx'
import { t } from './text.ts'
import { useEntered } from './use-entered.ts'
import { useLinkToken } from './use-link-token.ts'

/** The page behind an invitation link. */
export function InvitationPage() {
  const token = useLinkToken()
  const enter = useEntered()
  if (token === '') {
    return (
      <EntryFrame title={t('invitation.missingTitle')} lead={t('invitation.missing')}>
        <SignInLink />
      </EntryFrame>
    )
  }
  return (
    <EntryFrame title={t('invitation.title')} lead={t('invitation.lead')}>
      <LinkPassword
        kind="invitation"
        token={token}
        submit={t('invitation.submit')}
        onChosen={async (password) => enter(await call('invitation.accept', { body: { token, password } }))}
        otherwise={<SignInLink />}
      />
      <JoinButton invitation={token} />
    </EntryFrame>
  )
}

/** For those whose invitation was used already, perhaps by themselves. */
function SignInLink() {
  return (
    <p>
      <ButtonLink to="/sign-in">{t('nav.toSignIn')}</ButtonLink>
    </p>
  )
}
