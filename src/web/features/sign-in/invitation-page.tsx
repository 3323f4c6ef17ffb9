/** Accepting an invitation: its token stands in the fragment of the address, which browsers send to no server. */
import { useNavigate, useRouterState } from '@tanstack/react-router'
import { call } from '#web/kernel/api.ts'
import { usePlainForm } from '#web/kernel/plain-form.ts'
import { ApiProblem } from '#web/kernel/problem.ts'
import { meQuery, queryClient } from '#web/kernel/session.ts'
import { Button, ButtonLink } from '#web/ui/button.tsx'
import { FailureNotice } from '#web/ui/notice.tsx'
import { EntryFrame } from './entry-frame.tsx'
import { NewPasswordField } from './new-password-field.tsx'
import { t } from './text.ts'

/** The page behind an invitation link. */
export function InvitationPage() {
  const token = useRouterState({ select: (state) => state.location.hash })
  if (token === '') {
    return (
      <EntryFrame title={t('invitation.missingTitle')} lead={t('invitation.missing')}>
        <SignInLink />
      </EntryFrame>
    )
  }
  return (
    <EntryFrame title={t('invitation.title')} lead={t('invitation.lead')}>
      <InvitationForm token={token} />
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

function InvitationForm({ token }: { token: string }) {
  const navigate = useNavigate()
  const { form, submit, failure, errorOf, busy } = usePlainForm<{ password: string }>({
    defaults: { password: '' },
    fields: { 'password.weak': 'password' },
    send: async ({ password }) => {
      const reply = await call('invitation.accept', { body: { token, password } })
      queryClient.clear()
      if (reply.state === 'signed_in') queryClient.setQueryData(meQuery.queryKey, reply.me)
      await navigate({ to: '/', replace: true })
    },
  })
  return (
    <form onSubmit={submit} noValidate>
      {failure !== null && (
        <FailureNotice
          error={failure}
          action={failure instanceof ApiProblem && failure.is('invitation.invalid') && <SignInLink />}
          className="mb-4"
        />
      )}
      <NewPasswordField
        typed={form.watch('password')}
        error={errorOf('password')}
        autoFocus
        {...form.register('password', { required: t('common.empty') })}
      />
      <Button type="submit" look="solid" busy={busy} className="mt-2 w-full desk:min-h-10">
        {t('invitation.submit')}
      </Button>
    </form>
  )
}
