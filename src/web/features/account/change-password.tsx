/** The form for another password. It needs a fresh proof as well: the current password is one, so nobody is asked for it twice. */
import { longEnough, NewPasswordField } from '#web/features/sign-in/new-password-field.tsx'
import { call } from '#web/kernel/api.ts'
import type { Given } from '#web/kernel/endpoints.ts'
import { usePlainForm } from '#web/kernel/plain-form.ts'
import { ApiProblem } from '#web/kernel/problem.ts'
import { withProof } from '#web/kernel/proof.ts'
import { useMe } from '#web/kernel/session.ts'
import { Button } from '#web/ui/button.tsx'
import { CheckField, PasswordField } from '#web/ui/field.tsx'
import { FailureNotice } from '#web/ui/notice.tsx'
import type { OwnPassword } from './password-section.tsx'
import { t } from './text.ts'

type Entered = Given<'password.change'>['body']

interface ChangePasswordProps {
  password: OwnPassword
  onChanged: () => Promise<void>
  onCancel: () => void
}

/** Changes the password, or chooses a first one. */
export function ChangePassword({ password: { changedAt, leastLength }, onChanged, onCancel }: ChangePasswordProps) {
  const { user, organisation } = useMe()
  const hasOne = changedAt !== null
  const { form, submit, failure, errorOf, busy } = usePlainForm<Entered>({
    defaults: { next: '', endTokens: false, ...(hasOne && { current: '' }) },
    fields: { 'auth.wrong_password': 'current', 'password.weak': 'next' },
    send: async (body) => {
      await withProof(() => change(body))
      await onChanged()
    },
  })
  const needed = { required: t('common.empty') }
  return (
    <form onSubmit={submit} noValidate className="max-w-[34rem] rounded-panel border border-line bg-surface p-5 pb-4">
      {failure !== null && <FailureNotice error={failure} className="mb-4" />}
      <input type="email" autoComplete="username" value={user.email} readOnly hidden />
      {hasOne && (
        <PasswordField
          label={t('password.current')}
          error={errorOf('current')}
          autoComplete="current-password"
          autoFocus
          {...form.register('current', needed)}
        />
      )}
      <NewPasswordField
        label={t('password.next')}
        typed={form.watch('next')}
        least={leastLength}
        own={[user.name, user.email, organisation.name, organisation.slug]}
        error={errorOf('next')}
        autoFocus={!hasOne}
        {...form.register('next', longEnough(leastLength))}
      />
      <CheckField label={t('password.endTokens')} help={t('password.endTokensHelp')} {...form.register('endTokens')} />
      <p className="mb-4 text-muted">{t('password.effect')}</p>
      <div className="flex flex-wrap gap-2">
        <Button type="submit" look="solid" busy={busy}>
          {t(hasOne ? 'password.save' : 'password.choose')}
        </Button>
        <Button onClick={onCancel}>{t('common.cancel')}</Button>
      </div>
    </form>
  )
}

async function change(body: Entered): Promise<unknown> {
  try {
    return await call('password.change', { body })
  } catch (error) {
    if (!body.current || !(error instanceof ApiProblem && error.is('auth.proof_needed'))) throw error
    await call('session.prove', { body: { password: body.current } }).catch((refused: unknown) => {
      // Where a second factor is asked for as well, the dialog asks for both.
      throw refused instanceof ApiProblem && refused.is('auth.code_needed') ? error : refused
    })
    return call('password.change', { body })
  }
}
