/** Signing in, and back to where the person was. */
import { useQuery } from '@tanstack/react-query'
import { useRouter, useSearch } from '@tanstack/react-router'
import { useEffect } from 'react'
import type { Me } from '#contract/accounts.ts'
import { call } from '#web/kernel/api.ts'
import type { Given } from '#web/kernel/endpoints.ts'
import { onSignedIn } from '#web/kernel/login.ts'
import { usePlainForm } from '#web/kernel/plain-form.ts'
import { meQuery, queryClient, statusQuery, whyEndedQuery } from '#web/kernel/session.ts'
import { Button } from '#web/ui/button.tsx'
import { CheckField, PasswordField, TextField } from '#web/ui/field.tsx'
import { FailureNotice } from '#web/ui/notice.tsx'
import { toast } from '#web/ui/toast.ts'
import { EntryFrame } from './entry-frame.tsx'
import { ownPath } from './own-path.ts'
import { t } from './text.ts'
import { WhyEnded } from './why-ended.tsx'

type Entered = Given<'auth.sign_in'>['body']

/** The page for signing in. */
export function SignInPage() {
  const { next } = useSearch({ from: '/sign-in' })
  const askOrganisation = useQuery(statusQuery).data?.askOrganisation ?? false
  const told = useQuery(whyEndedQuery).data
  useEffect(() => onSignedIn(() => location.replace(ownPath(next, location.origin))), [next])
  return (
    <EntryFrame title={t('signIn.title')} foot={t('signIn.help')}>
      {told && <WhyEnded told={told} />}
      <SignInForm key={String(askOrganisation)} askOrganisation={askOrganisation} />
    </EntryFrame>
  )
}

function SignInForm({ askOrganisation }: { askOrganisation: boolean }) {
  const enter = useEnter()
  const mayRemember = useQuery(statusQuery).data?.remember ?? false
  const { form, submit, failure, errorOf, busy } = usePlainForm<Entered>({
    defaults: { email: '', password: '', remember: false, ...(askOrganisation && { organisation: '' }) },
    fields: { 'auth.organisation_needed': 'organisation' },
    send: async (body) => enter((await call('auth.sign_in', { body })).me, body.remember ?? false),
  })
  const needed = { required: t('common.empty') }
  return (
    <form onSubmit={submit} noValidate className="mt-4">
      {failure !== null && <FailureNotice error={failure} className="mb-4" />}
      {askOrganisation && (
        <TextField
          label={t('signIn.organisation')}
          help={t('signIn.organisationHelp')}
          error={errorOf('organisation')}
          autoComplete="organization"
          autoCapitalize="off"
          spellCheck={false}
          autoFocus
          {...form.register('organisation', needed)}
        />
      )}
      <TextField
        label={t('entry.email')}
        error={errorOf('email')}
        type="email"
        autoComplete="username"
        autoFocus={!askOrganisation}
        {...form.register('email', needed)}
      />
      <PasswordField
        label={t('entry.password')}
        error={errorOf('password')}
        autoComplete="current-password"
        {...form.register('password', needed)}
      />
      {mayRemember && <CheckField label={t('signIn.remember')} help={t('signIn.rememberHelp')} {...form.register('remember')} />}
      <Button type="submit" look="solid" busy={busy} className="mt-2 w-full desk:min-h-10">
        {t('signIn.submit')}
      </Button>
    </form>
  )
}

/** Takes the person in: to where they were, if that is a page of ours. */
function useEnter(): (me: Me, remember: boolean) => void {
  const { next } = useSearch({ from: '/sign-in' })
  const router = useRouter()
  return (me, remember) => {
    queryClient.clear()
    queryClient.setQueryData(meQuery.queryKey, me)
    router.history.replace(ownPath(next, location.origin))
    if (remember && !me.session.remembered) toast({ text: t('signIn.notRemembered', { organisation: me.organisation.name }) })
  }
}
