/** Choosing a password through the link of a letter: whose it is and how long it must be, the server says of the link. */
import { queryOptions, useQuery } from '@tanstack/react-query'
import type { ReactNode } from 'react'
import { call } from '#web/kernel/api.ts'
import { usePlainForm } from '#web/kernel/plain-form.ts'
import { ApiProblem } from '#web/kernel/problem.ts'
import { Button } from '#web/ui/button.tsx'
import { FailureNotice } from '#web/ui/notice.tsx'
import { longEnough, NewPasswordField } from './new-password-field.tsx'
import { t } from './text.ts'

type Kind = 'invitation' | 'reset' | 'recovery'

interface LinkPasswordProps {
  kind: Kind
  token: string
  submit: string
  /** Sends the password; what it does then is the page’s. */
  onChosen: (password: string) => Promise<unknown>
  /** What to do when the link is no good any more. */
  otherwise: ReactNode
}

const rulesQuery = (kind: Kind, token: string) =>
  queryOptions({ queryKey: ['password-rules', kind, token], queryFn: () => call('password.rules', { body: { kind, token } }), gcTime: 0 })

/** The form, or why there is none. */
export function LinkPassword({ kind, token, submit: words, onChosen, otherwise }: LinkPasswordProps) {
  const rules = useQuery(rulesQuery(kind, token))
  const { form, submit, failure, errorOf, busy } = usePlainForm<{ password: string }>({
    defaults: { password: '' },
    fields: { 'password.weak': 'password' },
    send: ({ password }) => onChosen(password),
  })
  const error = failure ?? rules.error
  const isOver = error instanceof ApiProblem && error.is(`${kind}.invalid`)
  const notice = error !== null && <FailureNotice error={error} action={isOver && otherwise} className="mb-4" />
  if (isOver) return notice
  const { leastLength, email = '', ...names } = rules.data ?? {}
  return (
    <form onSubmit={submit} noValidate>
      {notice}
      {rules.data && <p className="mb-4 font-medium wrap-anywhere">{t(`link.${kind}`, rules.data)}</p>}
      <input type="email" autoComplete="username" value={email} readOnly hidden />
      <NewPasswordField
        typed={form.watch('password')}
        least={leastLength}
        own={[email, ...Object.values(names)]}
        error={errorOf('password')}
        autoFocus
        {...form.register('password', longEnough(leastLength))}
      />
      <Button type="submit" look="solid" busy={busy} className="mt-2 w-full desk:min-h-10">
        {words}
      </Button>
    </form>
  )
}
