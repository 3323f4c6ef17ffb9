/** Proving again who one is, with what one has: a passkey, or the password and, beside a second factor, a code of it. */
import { useMutation, useQuery } from '@tanstack/react-query'
import { type ReactNode, useState } from 'react'
import { CodeField } from '#web/features/factors/code-field.tsx'
import { askForPasskey } from '#web/features/factors/passkeys.ts'
import { factorsQuery } from '#web/features/factors/queries.ts'
import { t as tFactors } from '#web/features/factors/text.ts'
import { call } from '#web/kernel/api.ts'
import { usePlainForm } from '#web/kernel/plain-form.ts'
import { useMe } from '#web/kernel/session.ts'
import { Button } from '#web/ui/button.tsx'
import { PasswordField } from '#web/ui/field.tsx'
import { PanelSkeleton } from '#web/ui/frame.tsx'
import { FailureNotice } from '#web/ui/notice.tsx'
import { t } from './text.ts'

interface ProveFormProps {
  onProven: () => void
  /** Beside the button that confirms. */
  children?: ReactNode
}

/** The ways there are. Where what one has cannot be found out, the password is asked for, and the server says what is missing. */
export function ProveForm({ onProven, children }: ProveFormProps) {
  const { data, isPending } = useQuery(factorsQuery)
  const [byPassword, setByPassword] = useState(false)
  if (isPending) return <PanelSkeleton rows={1} />
  const hasPasskey = data !== undefined && data.passkeys.length > 0
  const hasApp = data !== undefined && data.authenticatorApp !== null
  // Who signs in through the organisation's provider alone has neither; the way through it stands beside this.
  if (data !== undefined && !data.password && !hasPasskey) return children
  if (hasPasskey && !byPassword) {
    return (
      <ByPasskey onProven={onProven} onPassword={data.password ? () => setByPassword(true) : undefined}>
        {children}
      </ByPasskey>
    )
  }
  return (
    <ByPassword second={hasApp ? 'code' : hasPasskey ? 'recoveryCode' : null} onProven={onProven}>
      {children}
    </ByPassword>
  )
}

function ByPasskey({ onProven, onPassword, children }: ProveFormProps & { onPassword: (() => void) | undefined }) {
  const { mutate, isPending, error } = useMutation({
    mutationFn: async () => {
      const { options } = await call('session.prove_begin')
      await call('session.prove', { body: { passkey: await askForPasskey(options) } })
      onProven()
    },
  })
  return (
    <>
      {error && <FailureNotice error={error} className="mb-4" />}
      <div className="flex flex-wrap gap-2">
        <Button look="solid" icon="key" busy={isPending} onClick={() => mutate()} autoFocus>
          {tFactors('factor.usePasskey')}
        </Button>
        {children}
      </div>
      {onPassword && (
        <Button look="quiet" className="mt-3 px-0!" onClick={onPassword}>
          {t('proof.byPassword')}
        </Button>
      )}
    </>
  )
}

type Second = 'code' | 'recoveryCode' | null

function ByPassword({ second: usual, onProven, children }: ProveFormProps & { second: Second }) {
  const { user } = useMe()
  const [second, setSecond] = useState(usual)
  const { form, submit, failure, errorOf, busy } = usePlainForm<{ password: string; code: string; recoveryCode: string }>({
    defaults: { password: '', code: '', recoveryCode: '' },
    fields: { 'auth.wrong_password': 'password', ...(second && { 'auth.wrong_code': second, 'auth.wrong_recovery_code': second }) },
    send: async (given) => {
      await call('session.prove', { body: { password: given.password, ...(second && { [second]: given[second] }) } })
      onProven()
    },
  })
  return (
    <form onSubmit={submit} noValidate>
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
      {second && <CodeField key={second} kind={second} error={errorOf(second)} {...form.register(second)} />}
      <div className="flex flex-wrap gap-2">
        <Button type="submit" look="solid" busy={busy}>
          {t('proof.confirm')}
        </Button>
        {children}
      </div>
      {second === 'code' && (
        <Button look="quiet" className="mt-3 px-0!" onClick={() => setSecond('recoveryCode')}>
          {tFactors('factor.useRecovery')}
        </Button>
      )}
    </form>
  )
}
