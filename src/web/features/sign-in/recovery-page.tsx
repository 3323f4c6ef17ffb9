/** Coming back in through a recovery link: its token stands in the fragment of the address, which browsers send to no server. */
import { useNavigate, useRouterState } from '@tanstack/react-router'
import { useState } from 'react'
import type { Me, SignInReply } from '#contract/accounts.ts'
import { call } from '#web/kernel/api.ts'
import { usePlainForm } from '#web/kernel/plain-form.ts'
import { meQuery, queryClient } from '#web/kernel/session.ts'
import { Button, ButtonLink } from '#web/ui/button.tsx'
import { FailureNotice } from '#web/ui/notice.tsx'
import { EntryFrame } from './entry-frame.tsx'
import { NewPasswordField } from './new-password-field.tsx'
import { type Asked, SecondStep } from './second-step.tsx'
import { t } from './text.ts'

/** The page behind a recovery link; whose second factor stays gives it, too. */
export function RecoveryPage() {
  const token = useRouterState({ select: (state) => state.location.hash })
  const navigate = useNavigate()
  const [asked, setAsked] = useState<Asked | null>(null)
  const enter = async (me: Me) => {
    queryClient.clear()
    queryClient.setQueryData(meQuery.queryKey, me)
    await navigate({ to: '/', replace: true })
  }
  // The password is set by then, so a step that is not given leads to signing in with it.
  if (asked) return <SecondStep asked={asked} onSignedIn={(me) => void enter(me)} onAgain={() => void navigate({ to: '/sign-in' })} />
  return (
    <EntryFrame title={t('recovery.title')} lead={t(token === '' ? 'recovery.missing' : 'recovery.lead')} foot={t('recovery.foot')}>
      {token === '' ? (
        <ButtonLink to="/sign-in">{t('nav.toSignIn')}</ButtonLink>
      ) : (
        <RecoveryForm token={token} take={async (reply) => (reply.state === 'signed_in' ? enter(reply.me) : setAsked(reply))} />
      )}
    </EntryFrame>
  )
}

function RecoveryForm({ token, take }: { token: string; take: (reply: SignInReply) => Promise<void> }) {
  const { form, submit, failure, errorOf, busy } = usePlainForm<{ password: string }>({
    defaults: { password: '' },
    fields: { 'password.weak': 'password' },
    send: async ({ password }) => take(await call('recovery.use', { body: { token, password } })),
  })
  return (
    <form onSubmit={submit} noValidate>
      {failure !== null && <FailureNotice error={failure} className="mb-4" />}
      <NewPasswordField
        typed={form.watch('password')}
        error={errorOf('password')}
        autoFocus
        {...form.register('password', { required: t('common.empty') })}
      />
      <Button type="submit" look="solid" busy={busy} className="mt-2 w-full desk:min-h-10">
        {t('recovery.submit')}
      </Button>
    </form>
  )
}
