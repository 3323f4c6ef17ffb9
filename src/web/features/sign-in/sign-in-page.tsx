/** Signing in, and back to where the person was going. */
import { useQuery } from '@tanstack/react-query'
import { useRouter, useSearch } from '@tanstack/react-router'
import { type Me, Slug, signIn } from '#contract/accounts.ts'
import { call } from '#web/kernel/api.ts'
import { useApiForm } from '#web/kernel/form.ts'
import { meQuery, queryClient, statusQuery } from '#web/kernel/session.ts'
import { Button } from '#web/ui/button.tsx'
import { PasswordField, TextField } from '#web/ui/field.tsx'
import { FailureNotice, Notice } from '#web/ui/notice.tsx'
import { EntryFrame } from './entry-frame.tsx'
import { t } from './text.ts'

const one = signIn.body.omit({ deliver: true })
const several = one.extend({ organisation: Slug })

/** The page for signing in. */
export function SignInPage() {
  const { reason } = useSearch({ from: '/sign-in' })
  const askOrganisation = useQuery(statusQuery).data?.askOrganisation ?? false
  return (
    <EntryFrame title={t('signIn.title')} foot={t('signIn.help')}>
      {reason === 'signed-out' && <Notice className="my-4">{t('signIn.signedOut')}</Notice>}
      {reason === 'session-ended' && <Notice className="my-4">{t('signIn.sessionEnded')}</Notice>}
      <SignInForm key={String(askOrganisation)} askOrganisation={askOrganisation} />
    </EntryFrame>
  )
}

function SignInForm({ askOrganisation }: { askOrganisation: boolean }) {
  const enter = useEnter()
  const { form, submit, failure, errorOf, busy } = useApiForm({
    schema: askOrganisation ? several : one,
    defaults: { email: '', password: '', ...(askOrganisation && { organisation: '' }) },
    fields: { 'auth.organisation_needed': 'organisation' },
    send: async (body) => enter((await call('auth.sign_in', { body })).me),
  })
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
          {...form.register('organisation')}
        />
      )}
      <TextField
        label={t('entry.email')}
        error={errorOf('email')}
        type="email"
        autoComplete="username"
        autoFocus={!askOrganisation}
        {...form.register('email')}
      />
      <PasswordField
        label={t('entry.password')}
        error={errorOf('password')}
        autoComplete="current-password"
        {...form.register('password')}
      />
      <Button type="submit" look="solid" busy={busy} className="mt-2 w-full desk:min-h-10">
        {t('signIn.submit')}
      </Button>
    </form>
  )
}

/** Takes the person in: to where they were going, if that is a page of ours. */
function useEnter(): (me: Me) => void {
  const { next } = useSearch({ from: '/sign-in' })
  const router = useRouter()
  return (me) => {
    queryClient.clear()
    queryClient.setQueryData(meQuery.queryKey, me)
    router.history.replace(ownPath(next))
  }
}

function ownPath(next: string | undefined): string {
  if (next === undefined || !URL.canParse(next, location.origin)) return '/'
  const { origin, pathname, search, hash } = new URL(next, location.origin)
  return origin === location.origin ? pathname + search + hash : '/'
}
