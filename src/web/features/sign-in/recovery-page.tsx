/** Coming back in through a recovery link: its token stands in the fragment of the address, which browsers send to no server. */
import { useNavigate, useRouterState } from '@tanstack/react-router'
import { call } from '#web/kernel/api.ts'
import { usePlainForm } from '#web/kernel/plain-form.ts'
import { meQuery, queryClient } from '#web/kernel/session.ts'
import { Button, ButtonLink } from '#web/ui/button.tsx'
import { FailureNotice } from '#web/ui/notice.tsx'
import { EntryFrame } from './entry-frame.tsx'
import { NewPasswordField } from './new-password-field.tsx'
import { t } from './text.ts'

/** The page behind a recovery link. */
export function RecoveryPage() {
  const token = useRouterState({ select: (state) => state.location.hash })
  return (
    <EntryFrame title={t('recovery.title')} lead={t(token === '' ? 'recovery.missing' : 'recovery.lead')} foot={t('recovery.foot')}>
      {token === '' ? <ButtonLink to="/sign-in">{t('nav.toSignIn')}</ButtonLink> : <RecoveryForm token={token} />}
    </EntryFrame>
  )
}

function RecoveryForm({ token }: { token: string }) {
  const navigate = useNavigate()
  const { form, submit, failure, errorOf, busy } = usePlainForm<{ password: string }>({
    defaults: { password: '' },
    fields: { 'password.weak': 'password' },
    send: async ({ password }) => {
      const { me } = await call('recovery.use', { body: { token, password } })
      queryClient.clear()
      queryClient.setQueryData(meQuery.queryKey, me)
      await navigate({ to: '/', replace: true })
    },
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
