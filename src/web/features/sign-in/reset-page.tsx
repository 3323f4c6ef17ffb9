/** For who has forgotten their password: asking for a letter, and choosing another password through the link in it. */
import { useQuery } from '@tanstack/react-query'
import { Link, useNavigate } from '@tanstack/react-router'
import { useState } from 'react'
import type { SignInReply } from '#contract/accounts.ts'
import { call } from '#web/kernel/api.ts'
import type { Given } from '#web/kernel/endpoints.ts'
import { usePlainForm } from '#web/kernel/plain-form.ts'
import { statusQuery } from '#web/kernel/session.ts'
import { Button, ButtonLink } from '#web/ui/button.tsx'
import { TextField } from '#web/ui/field.tsx'
import { FailureNotice } from '#web/ui/notice.tsx'
import { EntryFrame } from './entry-frame.tsx'
import { LinkPassword } from './link-password.tsx'
import { OrganisationField } from './organisation-field.tsx'
import { type Asked, SecondStep } from './second-step.tsx'
import { t } from './text.ts'
import { typedBefore } from './typed.ts'
import { useEntered } from './use-entered.ts'
import { useLinkToken } from './use-link-token.ts'

/** The page `/reset`, with the token of a link behind its `#` or without. */
export function ResetPage() {
  const token = useLinkToken()
  return token === '' ? <Asking /> : <Choosing key={token} token={token} />
}

function Choosing({ token }: { token: string }) {
  const enter = useEntered()
  const [asked, setAsked] = useState<Asked>()
  const navigate = useNavigate()
  if (asked) {
    const signIn = () => void navigate({ to: '/sign-in', replace: true })
    return <SecondStep asked={asked} onSignedIn={(me) => void enter({ state: 'signed_in', me, token: null })} onAgain={signIn} />
  }
  const take = (reply: SignInReply) => (reply.state === 'second_factor' ? setAsked(reply) : enter(reply))
  return (
    <EntryFrame title={t('reset.chooseTitle')} lead={t('reset.chooseLead')}>
      <LinkPassword
        kind="reset"
        token={token}
        submit={t('reset.choose')}
        onChosen={async (password) => take(await call('auth.finish_reset', { body: { token, password } }))}
        otherwise={<ButtonLink to="/reset">{t('reset.askAgain')}</ButtonLink>}
      />
    </EntryFrame>
  )
}

function Asking() {
  const status = useQuery(statusQuery).data
  const [asked, setAsked] = useState<string>()
  if (asked !== undefined) {
    return (
      <EntryFrame title={t('reset.askedTitle')} {...(status?.mail === 'smtp' && { foot: t('reset.nothing') })}>
        <p role="status" className="mb-6">
          {t(status?.mail === 'folder' ? 'reset.askedFolder' : 'reset.asked', { email: asked })}
        </p>
        <div className="flex flex-wrap gap-2">
          <Button onClick={() => setAsked(undefined)}>{t('reset.askAgain')}</Button>
          <ButtonLink to="/sign-in">{t('nav.toSignIn')}</ButtonLink>
        </div>
      </EntryFrame>
    )
  }
  return (
    <EntryFrame title={t('reset.title')} lead={t('reset.lead')}>
      <AskForm key={String(status?.askOrganisation)} askOrganisation={status?.askOrganisation ?? false} onAsked={setAsked} />
      <p className="mt-5">
        <Link to="/sign-in" className="text-accent underline underline-offset-3">
          {t('reset.back')}
        </Link>
      </p>
    </EntryFrame>
  )
}

function AskForm({ askOrganisation, onAsked }: { askOrganisation: boolean; onAsked: (email: string) => void }) {
  const { email, organisation } = typedBefore()
  const { form, submit, failure, errorOf, busy } = usePlainForm<Given<'auth.reset'>['body']>({
    defaults: { email, ...(askOrganisation && { organisation }) },
    fields: { 'auth.organisation_needed': 'organisation' },
    send: async (body) => {
      await call('auth.reset', { body })
      onAsked(body.email)
    },
  })
  const needed = { required: t('common.empty') }
  return (
    <form onSubmit={submit} noValidate>
      {failure !== null && <FailureNotice error={failure} className="mb-4" />}
      {askOrganisation && <OrganisationField error={errorOf('organisation')} {...form.register('organisation', needed)} />}
      <TextField
        label={t('entry.email')}
        error={errorOf('email')}
        type="email"
        autoComplete="username"
        autoFocus={!askOrganisation}
        {...form.register('email', needed)}
      />
      <Button type="submit" look="solid" busy={busy} className="mt-2 w-full desk:min-h-10">
        {t('reset.ask')}
      </Button>
    </form>
  )
}
