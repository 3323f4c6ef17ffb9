/** The first page of a new server: makes its organisation and the first administrator, who is then signed in. */
import { useNavigate } from '@tanstack/react-router'
import { useState } from 'react'
import { LEAST_USUAL } from '#contract/password-rules.ts'
import { EntryFrame } from '#web/features/sign-in/entry-frame.tsx'
import { longEnough, NewPasswordField } from '#web/features/sign-in/new-password-field.tsx'
import { t } from '#web/features/sign-in/text.ts'
import { call } from '#web/kernel/api.ts'
import type { Given } from '#web/kernel/endpoints.ts'
import { usePlainForm } from '#web/kernel/plain-form.ts'
import { meQuery, queryClient } from '#web/kernel/session.ts'
import { Button } from '#web/ui/button.tsx'
import { TextField } from '#web/ui/field.tsx'
import { FailureNotice } from '#web/ui/notice.tsx'

type Entered = Given<'setup.run'>['body']

/** The page for setting up. */
export function SetupPage() {
  return (
    <EntryFrame title={t('setup.title')} lead={t('setup.lead')} foot={t('setup.after')}>
      <SetupForm />
    </EntryFrame>
  )
}

function SetupForm() {
  const navigate = useNavigate()
  const [given] = useState(() => new URLSearchParams(location.hash.slice(1)).get('code') ?? '')
  const { form, submit, failure, errorOf, busy } = usePlainForm<Entered>({
    defaults: { code: given, organisation: '', name: '', email: '', password: '' },
    fields: { 'setup.wrong_code': 'code', 'password.weak': 'password' },
    send: async (body) => {
      const reply = await call('setup.run', { body })
      queryClient.clear()
      if (reply.state === 'signed_in') queryClient.setQueryData(meQuery.queryKey, reply.me)
      await navigate({ to: '/', replace: true })
    },
  })
  const needed = { required: t('common.empty') }
  const codeHelp = given === '' ? t('setup.codeHelp') : t('setup.codeFilled')
  return (
    <form onSubmit={submit} noValidate>
      {failure !== null && <FailureNotice error={failure} className="mb-4" />}
      <TextField
        label={t('setup.code')}
        help={codeHelp}
        error={errorOf('code')}
        autoComplete="one-time-code"
        spellCheck={false}
        autoFocus={given === ''}
        className="font-mono"
        {...form.register('code', needed)}
      />
      <TextField
        label={t('setup.organisation')}
        error={errorOf('organisation')}
        autoComplete="organization"
        autoFocus={given !== ''}
        {...form.register('organisation', needed)}
      />
      <TextField label={t('setup.name')} error={errorOf('name')} autoComplete="name" {...form.register('name', needed)} />
      <TextField
        label={t('entry.email')}
        error={errorOf('email')}
        type="email"
        autoComplete="username"
        {...form.register('email', needed)}
      />
      <NewPasswordField
        typed={form.watch('password')}
        least={LEAST_USUAL}
        own={form.watch(['organisation', 'name', 'email'])}
        error={errorOf('password')}
        {...form.register('password', longEnough(LEAST_USUAL))}
      />
      <Button type="submit" look="solid" busy={busy} className="mt-2 w-full desk:min-h-10">
        {t('setup.submit')}
      </Button>
    </form>
  )
}
