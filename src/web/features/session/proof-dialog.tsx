/** Asks for the password again where an act needs a fresh proof; what was asked for then goes on by itself. */
import { call } from '#web/kernel/api.ts'
import { usePlainForm } from '#web/kernel/plain-form.ts'
import { useMe } from '#web/kernel/session.ts'
import { Button } from '#web/ui/button.tsx'
import { Dialog } from '#web/ui/dialog.tsx'
import { PasswordField } from '#web/ui/field.tsx'
import { FailureNotice } from '#web/ui/notice.tsx'
import { t } from './text.ts'

/** The dialog; open while there is somebody to answer to. */
export function ProofDialog({ answer }: { answer: ((proven: boolean) => void) | null }) {
  return (
    <Dialog title={t('proof.title')} open={answer !== null} onOpenChange={() => answer?.(false)}>
      <ProofForm answer={(proven) => answer?.(proven)} />
    </Dialog>
  )
}

function ProofForm({ answer }: { answer: (proven: boolean) => void }) {
  const { user } = useMe()
  const { form, submit, failure, errorOf, busy } = usePlainForm<{ password: string }>({
    defaults: { password: '' },
    fields: { 'auth.wrong_password': 'password' },
    send: async (body) => {
      await call('session.prove', { body })
      answer(true)
    },
  })
  return (
    <form onSubmit={submit} noValidate>
      <p className="mb-4 text-muted">{t('proof.lead')}</p>
      {failure !== null && <FailureNotice error={failure} className="mb-4" />}
      <input type="email" autoComplete="username" value={user.email} readOnly hidden />
      <PasswordField
        label={t('proof.password')}
        help={t('proof.after')}
        error={errorOf('password')}
        autoComplete="current-password"
        autoFocus
        {...form.register('password', { required: t('common.empty') })}
      />
      <div className="flex gap-2">
        <Button type="submit" look="solid" busy={busy}>
          {t('proof.confirm')}
        </Button>
        <Button onClick={() => answer(false)}>{t('common.cancel')}</Button>
      </div>
    </form>
  )
}
