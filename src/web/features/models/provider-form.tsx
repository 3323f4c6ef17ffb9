/** The form of a provider. A stored key is never shown, and never sent to another address than its own. */
import { useNavigate } from '@tanstack/react-router'
import type { Provider } from '#contract/models.ts'
import { call } from '#web/kernel/api.ts'
import { useApiForm } from '#web/kernel/form.ts'
import { withProof } from '#web/kernel/proof.ts'
import { queryClient, useMe } from '#web/kernel/session.ts'
import { Button } from '#web/ui/button.tsx'
import { TextArea } from '#web/ui/field.tsx'
import { FailureNotice } from '#web/ui/notice.tsx'
import { toast } from '#web/ui/toast.ts'
import { KeyFields, linesOf, type ProviderValues, providerSchema, ServerFields } from './provider-fields.tsx'
import { ProviderTest } from './provider-test.tsx'
import { modelsQuery, providersQuery } from './queries.ts'
import { t } from './text.ts'

/** Adds a provider, or changes the one given. */
export function ProviderForm({ provider }: { provider: Provider | null }) {
  const given = useApiForm({
    schema: providerSchema,
    defaults: {
      kind: provider?.kind ?? 'openai_compatible',
      name: provider?.name ?? '',
      baseUrl: provider?.baseUrl ?? '',
      apiKey: '',
      clearKey: false,
      models: provider?.models.join('\n') ?? '',
    },
    fields: { 'provider.address_refused': 'baseUrl', 'provider.key_needed': 'apiKey' },
    send: useSave(provider),
  })
  const { form, submit, failure, errorOf, busy } = given
  const [kind, baseUrl, apiKey, chosen, cleared] = form.watch(['kind', 'baseUrl', 'apiKey', 'models', 'clearKey'])
  return (
    <form onSubmit={submit} noValidate>
      {failure !== null && <FailureNotice error={failure} className="mb-4" />}
      <ServerFields given={given} provider={provider} />
      <KeyFields given={given} provider={provider} />
      <ProviderTest
        server={{ kind, baseUrl, apiKey: cleared ? null : apiKey.trim() || null, ...(provider && { providerId: provider.id }) }}
        chosen={linesOf(chosen)}
        onChoose={(names) => form.setValue('models', names.join('\n'), { shouldValidate: form.formState.isSubmitted })}
        onGood={() => form.clearErrors(['baseUrl', 'apiKey'])}
      />
      <TextArea
        label={t('models.list')}
        help={t('models.listHelp')}
        error={errorOf('models')}
        rows={5}
        spellCheck={false}
        autoCapitalize="off"
        className="font-mono"
        {...form.register('models')}
      />
      <Button type="submit" look="solid" busy={busy}>
        {provider ? t('common.save') : t('models.add')}
      </Button>
    </form>
  )
}

function useSave(provider: Provider | null): (values: ProviderValues) => Promise<void> {
  const navigate = useNavigate()
  const { organisation } = useMe()
  return async ({ clearKey, apiKey, kind, ...values }) => {
    if (provider) {
      const key = clearKey ? { apiKey: null } : apiKey !== null ? { apiKey } : {}
      await withProof(() => call('providers.change', { params: { providerId: provider.id }, body: { ...values, ...key } }))
      toast({ text: t('models.changed', { name: values.name }) })
    } else {
      await call('providers.add', { body: { ...values, kind, apiKey } })
      toast({ text: t('models.created', { name: values.name, organisation: organisation.name }) })
    }
    await Promise.all([queryClient.invalidateQueries(providersQuery), queryClient.invalidateQueries(modelsQuery)])
    await navigate({ to: '/models' })
  }
}
