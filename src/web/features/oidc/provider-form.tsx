/** The form of the sign-in provider. A stored secret is never shown, and kept where it is left empty. */
import { useState } from 'react'
import type { SignInProvider } from '#contract/oidc.ts'
import { call } from '#web/kernel/api.ts'
import { type ApiForm, usePlainForm } from '#web/kernel/plain-form.ts'
import { withProof } from '#web/kernel/proof.ts'
import { queryClient, useMe } from '#web/kernel/session.ts'
import { Button } from '#web/ui/button.tsx'
import { CheckField, PasswordField, TextArea, TextField } from '#web/ui/field.tsx'
import { FailureNotice } from '#web/ui/notice.tsx'
import { Outcome } from '#web/ui/outcome.tsx'
import { ABOUT_FIELDS, ProviderTest, ProviderTry, secretOf, type Values } from './provider-test.tsx'
import { providerQuery } from './queries.ts'
import { t } from './text.ts'

type Fields = Pick<ApiForm<Values, Values>, 'form' | 'errorOf'>

const NOTHING: Values = {
  name: '',
  issuer: '',
  clientId: '',
  clientSecret: '',
  domains: '',
  justInTime: false,
  trustsAddresses: false,
  twoFactors: false,
  on: true,
}

const linesOf = (text: string) => [...new Set(text.split('\n').map((line) => line.trim()))].filter(Boolean)

/** Sets the provider up, or changes it. */
export function ProviderForm({ provider }: { provider: SignInProvider | null }) {
  const { organisation } = useMe()
  const [saved, setSaved] = useState(false)
  const { timeChanged: _, domains, ...known } = provider ?? { ...NOTHING, domains: [], timeChanged: '' }
  const given = usePlainForm<Values>({
    defaults: { ...NOTHING, ...known, domains: domains.join('\n') },
    fields: ABOUT_FIELDS,
    send: async (values) => {
      setSaved(false)
      const { clientSecret: __, domains: lines, ...rest } = values
      const body = { ...rest, ...secretOf(values), domains: linesOf(lines) }
      const now = await withProof(() => call('sign_in_provider.set', { body }))
      queryClient.setQueryData(providerQuery.queryKey, (before) => before && { ...before, provider: now })
      given.form.reset({ ...values, clientSecret: '' })
      setSaved(true)
    },
  })
  const { form, submit, failure, busy } = given
  return (
    <form onSubmit={submit} noValidate>
      <h2 className="mb-3 font-strong">{t('provider.settings')}</h2>
      <ClientFields {...given} provider={provider} />
      <ProviderTest form={form} />
      <h2 className="mt-8 mb-3 font-strong">{t('provider.who')}</h2>
      <RuleFields {...given} />
      {saved && <Outcome text={t('provider.saved', { organisation: organisation.name })} />}
      {failure !== null && <FailureNotice error={failure} className="mb-4" />}
      <Button type="submit" look="solid" busy={busy}>
        {t('common.save')}
      </Button>
      {provider && <ProviderTry isChanged={form.formState.isDirty} />}
    </form>
  )
}

function ClientFields({ form, errorOf, provider }: Fields & { provider: SignInProvider | null }) {
  const [issuer, clientId] = form.watch(['issuer', 'clientId'])
  const isMoved = provider !== null && (issuer.trim() !== provider.issuer || clientId.trim() !== provider.clientId)
  const help = provider === null ? t('provider.secretHelp') : t(isMoved ? 'provider.secretMoved' : 'provider.secretKept')
  return (
    <>
      <TextField
        label={t('provider.name')}
        help={t('provider.nameHelp')}
        error={errorOf('name')}
        autoComplete="off"
        {...form.register('name')}
      />
      <TextField
        label={t('provider.issuer')}
        help={t('provider.issuerHelp')}
        error={errorOf('issuer')}
        type="url"
        inputMode="url"
        placeholder="https://keycloak.example.org/realms/acme"
        autoComplete="off"
        className="font-mono"
        {...form.register('issuer')}
      />
      <TextField
        label={t('provider.clientId')}
        error={errorOf('clientId')}
        autoComplete="off"
        spellCheck={false}
        className="font-mono"
        {...form.register('clientId')}
      />
      <PasswordField
        label={t('provider.clientSecret')}
        showLabel={t('provider.secretShow')}
        hideLabel={t('provider.secretHide')}
        help={help}
        error={errorOf('clientSecret')}
        autoComplete="off"
        data-1p-ignore
        {...form.register('clientSecret')}
      />
    </>
  )
}

function RuleFields({ form, errorOf }: Fields) {
  return (
    <>
      <CheckField label={t('provider.on')} help={t('provider.onHelp')} {...form.register('on')} />
      <CheckField label={t('provider.justInTime')} help={t('provider.justInTimeHelp')} {...form.register('justInTime')} />
      <TextArea
        label={t('provider.domains')}
        help={t('provider.domainsHelp')}
        error={errorOf('domains')}
        rows={2}
        spellCheck={false}
        autoCapitalize="off"
        className="font-mono"
        {...form.register('domains')}
      />
      <CheckField label={t('provider.trusts')} help={t('provider.trustsHelp')} {...form.register('trustsAddresses')} />
      <CheckField label={t('provider.twoFactors')} help={t('provider.twoFactorsHelp')} {...form.register('twoFactors')} />
    </>
  )
}
