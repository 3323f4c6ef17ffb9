/** Coming back in through a recovery link: its token stands in the fragment of the address, which browsers send to no server. */
import { useNavigate } from '@tanstack/react-router'
import { useState } from 'react'
import type { Me, SignInReply } from '#contract/accounts.ts'
import { call } from '#web/kernel/api.ts'
import { meQuery, queryClient } from '#web/kernel/session.ts'
import { ButtonLink } from '#web/ui/button.tsx'
import { EntryFrame } from './entry-frame.tsx'
import { LinkPassword } from './link-password.tsx'
import { type Asked, SecondStep } from './second-step.tsx'
import { t } from './text.ts'
import { useLinkToken } from './use-link-token.ts'

/** The page behind a recovery link; whose second factor stays gives it, too. */
export function RecoveryPage() {
  const token = useLinkToken()
  const navigate = useNavigate()
  const [asked, setAsked] = useState<Asked | null>(null)
  const enter = async (me: Me) => {
    queryClient.clear()
    queryClient.setQueryData(meQuery.queryKey, me)
    await navigate({ to: '/', replace: true })
  }
  const take = (reply: SignInReply) => (reply.state === 'signed_in' ? enter(reply.me) : setAsked(reply))
  // The password is set by then, so a step that is not given leads to signing in with it.
  if (asked) return <SecondStep asked={asked} onSignedIn={(me) => void enter(me)} onAgain={() => void navigate({ to: '/sign-in' })} />
  return (
    <EntryFrame title={t('recovery.title')} lead={t(token === '' ? 'recovery.missing' : 'recovery.lead')} foot={t('recovery.foot')}>
      {token === '' ? (
        <ButtonLink to="/sign-in">{t('nav.toSignIn')}</ButtonLink>
      ) : (
        <LinkPassword
          kind="recovery"
          token={token}
          submit={t('recovery.submit')}
          onChosen={async (password) => take(await call('recovery.use', { body: { token, password } }))}
          otherwise={<ButtonLink to="/sign-in">{t('nav.toSignIn')}</ButtonLink>}
        />
      )}
    </EntryFrame>
  )
}
