/** Signing in, and back to where the person was. */
import { useQuery } from '@tanstack/react-query'
import { Link, useRouter, useSearch } from '@tanstack/react-router'
import { useEffect, useState } from 'react'
import type { Me, SignInReply } from '#contract/accounts.ts'
import { ProviderFailure, SignInButton } from '#web/features/oidc/provider-button.tsx'
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
import { OrganisationField } from './organisation-field.tsx'
import { ownPath } from './own-path.ts'
import { PasskeySignIn } from './passkey-sign-in.tsx'
import { type Asked, SecondStep } from './second-step.tsx'
import { t } from './text.ts'
import { keepTyped } from './typed.ts'
import { WhyEnded } from './why-ended.tsx'

type Entered = Given<'auth.sign_in'>['body']

/** The page for signing in. */
export function SignInPage() {
  const { next } = useSearch({ from: '/sign-in' })
  const askOrganisation = useQuery(statusQuery).data?.askOrganisation ?? false
  const told = useQuery(whyEndedQuery).data
  const [asked, setAsked] = useState<Asked | null>(null)
  const [wantsLonger, setWantsLonger] = useState(false)
  const enter = useEnter()
  useEffect(() => onSignedIn(() => location.replace(ownPath(next, location))), [next])
  if (asked) return <SecondStep asked={asked} onSignedIn={(me) => enter(me, wantsLonger)} onAgain={() => setAsked(null)} />
  const take: Take = (reply, remember) => {
    setWantsLonger(remember)
    if (reply.state === 'signed_in') enter(reply.me, remember)
    else setAsked(reply)
  }
  return (
    <EntryFrame title={t('signIn.title')} foot={t('signIn.help')}>
      {told && <WhyEnded told={told} />}
      <ProviderFailure />
      <SignInForm key={String(askOrganisation)} askOrganisation={askOrganisation} take={take} />
    </EntryFrame>
  )
}

/** Goes on with what the server replied. */
type Take = (reply: SignInReply, remember: boolean) => void

function SignInForm({ askOrganisation, take }: { askOrganisation: boolean; take: Take }) {
  const mayRemember = useQuery(statusQuery).data?.remember ?? false
  const { form, submit, failure, errorOf, busy } = usePlainForm<Entered>({
    defaults: { email: '', password: '', remember: false, ...(askOrganisation && { organisation: '' }) },
    fields: { 'auth.organisation_needed': 'organisation' },
    send: async (body) => take(await call('auth.sign_in', { body }), body.remember ?? false),
  })
  const needsOrganisation = () => form.setError('organisation', { type: 'required' }, { shouldFocus: true })
  const needed = { required: t('common.empty') }
  const { next } = useSearch({ from: '/sign-in' })
  const [organisation, remember] = form.watch(['organisation', 'remember'])
  return (
    <form onSubmit={submit} noValidate className="mt-4">
      {failure !== null && <FailureNotice error={failure} className="mb-4" />}
      {askOrganisation && <OrganisationField error={errorOf('organisation')} {...form.register('organisation', needed)} />}
      <TextField
        label={t('entry.email')}
        error={errorOf('email')}
        type="email"
        autoComplete="username webauthn"
        autoFocus={!askOrganisation}
        {...form.register('email', needed)}
      />
      <PasswordField
        label={t('entry.password')}
        error={errorOf('password')}
        autoComplete="current-password"
        {...form.register('password', needed)}
      />
      <p className="-mt-2 mb-4 text-small">
        <Link to="/reset" onClick={() => keepTyped(form.getValues())} className="text-accent underline underline-offset-3">
          {t('signIn.forgot')}
        </Link>
      </p>
      {mayRemember && <CheckField label={t('signIn.remember')} help={t('signIn.rememberHelp')} {...form.register('remember')} />}
      <Button type="submit" look="solid" busy={busy} className="mt-2 w-full desk:min-h-10">
        {t('signIn.submit')}
      </Button>
      <PasskeySignIn given={() => form.getValues()} onNeedsOrganisation={needsOrganisation} take={take} />
      <SignInButton organisation={askOrganisation ? (organisation ?? '') : null} remember={remember ?? false} next={next} />
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
    router.history.replace(ownPath(next, location))
    if (remember && !me.session.remembered) toast({ text: t('signIn.notRemembered', { organisation: me.organisation.name }) })
  }
}
