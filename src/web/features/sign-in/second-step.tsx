/** The second step of signing in: a code, a passkey, or a recovery code for who has lost both. */
import { useMutation } from '@tanstack/react-query'
import { useState } from 'react'
import type { Me, SignInReply } from '#contract/accounts.ts'
import { CodeField } from '#web/features/factors/code-field.tsx'
import { askForPasskey } from '#web/features/factors/passkeys.ts'
import { t } from '#web/features/factors/text.ts'
import { call } from '#web/kernel/api.ts'
import type { Given } from '#web/kernel/endpoints.ts'
import { usePlainForm } from '#web/kernel/plain-form.ts'
import { ApiProblem } from '#web/kernel/problem.ts'
import { Button } from '#web/ui/button.tsx'
import { FailureNotice } from '#web/ui/notice.tsx'
import { EntryFrame } from './entry-frame.tsx'

/** A sign-in that waits for its second factor. */
export type Asked = Extract<SignInReply, { state: 'second_factor' }>
type Way = 'code' | 'passkey' | 'recoveryCode'

interface SecondStepProps {
  asked: Asked
  onSignedIn: (me: Me) => void
  /** Back to the first step. */
  onAgain: () => void
}

/** The page of the step, in the way that suits most; the others are a button away. */
export function SecondStep({ asked, onSignedIn, onAgain }: SecondStepProps) {
  const { factors } = asked
  const [way, setWay] = useState<Way>(factors.code ? 'code' : factors.passkey ? 'passkey' : 'recoveryCode')
  const lead = { code: t('second.leadCode'), passkey: t('second.leadPasskey'), recoveryCode: t('second.leadRecovery') }[way]
  const send: Send = async (factor) => {
    const reply = await call('auth.second_factor', { body: { ticket: asked.ticket, ...factor } })
    if (reply.state === 'signed_in') onSignedIn(reply.me)
  }
  return (
    <EntryFrame title={t('second.title')} lead={lead}>
      {way === 'passkey' ? (
        <PasskeyStep ticket={asked.ticket} send={send} onAgain={onAgain} />
      ) : (
        <CodeStep key={way} kind={way} send={send} onAgain={onAgain} />
      )}
      <div className="mt-5 flex flex-col items-start gap-1 border-t border-line pt-4">
        {factors.code && way !== 'code' && <Other words={t('factor.useCode')} onClick={() => setWay('code')} />}
        {factors.passkey && way !== 'passkey' && <Other words={t('factor.usePasskey')} onClick={() => setWay('passkey')} />}
        {factors.recoveryCode && way !== 'recoveryCode' && <Other words={t('factor.useRecovery')} onClick={() => setWay('recoveryCode')} />}
        <Other words={t('second.again')} onClick={onAgain} />
      </div>
    </EntryFrame>
  )
}

type Send = (factor: Omit<Given<'auth.second_factor'>['body'], 'ticket'>) => Promise<void>

function Other({ words, onClick }: { words: string; onClick: () => void }) {
  return (
    <Button look="quiet" className="px-0!" onClick={onClick}>
      {words}
    </Button>
  )
}

function CodeStep({ kind, send, onAgain }: { kind: 'code' | 'recoveryCode'; send: Send; onAgain: () => void }) {
  const { form, submit, failure, errorOf, busy } = usePlainForm<{ code: string; recoveryCode: string }>({
    defaults: { code: '', recoveryCode: '' },
    fields: { 'auth.wrong_code': kind, 'auth.wrong_recovery_code': kind },
    send: (given) => send({ [kind]: given[kind] }),
  })
  return (
    <form onSubmit={submit} noValidate>
      <Refused failure={failure} onAgain={onAgain} />
      <CodeField kind={kind} error={errorOf(kind)} autoFocus {...form.register(kind)} />
      <Button type="submit" look="solid" busy={busy} className="mt-2 w-full desk:min-h-10">
        {t('second.submit')}
      </Button>
    </form>
  )
}

function PasskeyStep({ ticket, send, onAgain }: { ticket: string; send: Send; onAgain: () => void }) {
  const { mutate, isPending, error } = useMutation({
    mutationFn: async () => {
      const { options } = await call('auth.second_factor_begin', { body: { ticket } })
      await send({ passkey: await askForPasskey(options) })
    },
  })
  return (
    <>
      <Refused failure={error} onAgain={onAgain} />
      <Button look="solid" busy={isPending} className="w-full desk:min-h-10" onClick={() => mutate()} autoFocus>
        {t('factor.usePasskey')}
      </Button>
    </>
  )
}

function Refused({ failure, onAgain }: { failure: unknown; onAgain: () => void }) {
  if (failure === null) return null
  const isOver = failure instanceof ApiProblem && failure.is('auth.ticket_invalid')
  return <FailureNotice error={failure} action={isOver && <Button onClick={onAgain}>{t('second.again')}</Button>} className="mb-4" />
}
