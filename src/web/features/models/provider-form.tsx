/** The form of a provider. A stored key is never shown, and never sent to another address than its own. */
import { useNavigate } from '@tanstack/react-router'
import { z } from 'zod'
import { addProvider, type Provider } from '#contract/models.ts'
import { call } from '#web/kernel/api.ts'
import { type ApiForm, useApiForm } from '#web/kernel/form.ts'
import { queryClient, useMe } from '#web/kernel/session.ts'
import { t } from '#web/kernel/text.ts'
import { Button } from '#web/ui/button.tsx'
import { PasswordField, TextArea, TextField } from '#web/ui/field.tsx'
import { FailureNotice } from '#web/ui/notice.tsx'
import { toast } from '#web/ui/toast.ts'
import { ProviderTest } from './provider-test.tsx'
import { modelsQuery, providersQuery } from './queries.ts'

const { name, baseUrl, models } = addProvider.body.shape
const linesOf = (text: string) => [
  ...new Set(
    text
      .split('\n')
      .map((line) => line.trim())
      .filter(Boolean),
  ),
]

const schema = z.strictObject({
  name,
  baseUrl,
  apiKey: z
    .string()
    .trim()
    .transform((key) => (key === '' ? null : key)),
  clearKey: z.boolean(),
  models: z.string().transform(linesOf).pipe(models),
})

/** Adds a provider, or changes the one given. */
export function ProviderForm({ provider }: { provider: Provider | null }) {
  const save = useSave(provider)
  const { form, submit, failure, errorOf, busy } = useApiForm({
    schema,
    defaults: {
      name: provider?.name ?? '',
      baseUrl: provider?.baseUrl ?? '',
      apiKey: '',
      clearKey: false,
      models: provider?.models.join('\n') ?? '',
    },
    fields: { 'provider.address_refused': 'baseUrl', 'provider.key_needed': 'apiKey' },
    send: save,
  })
  const [address, key, chosen, cleared] = form.watch(['baseUrl', 'apiKey', 'models', 'clearKey'])
  return (
    <form onSubmit={submit} noValidate>
      {failure !== null && <FailureNotice error={failure} className="mb-4" />}
      <TextField
        label={t('models.name')}
        help={t('models.nameHelp')}
        error={errorOf('name')}
        autoComplete="off"
        {...form.register('name')}
      />
      <TextField
        label={t('models.address')}
        help={t('models.addressHelp')}
        error={errorOf('baseUrl')}
        type="url"
        inputMode="url"
        placeholder="https://api.example.com/v1"
        autoComplete="off"
        className="font-mono"
        {...form.register('baseUrl')}
      />
      <KeyFields form={form} provider={provider} error={errorOf('apiKey')} />
      <ProviderTest
        provider={provider}
        baseUrl={address}
        apiKey={cleared ? '' : key}
        chosen={linesOf(chosen)}
        onChoose={(names) => form.setValue('models', names.join('\n'), { shouldValidate: form.formState.isSubmitted })}
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

interface KeyFieldsProps {
  form: ApiForm<z.input<typeof schema>, z.output<typeof schema>>['form']
  provider: Provider | null
  error: string | undefined
}

function KeyFields({ form, provider, error }: KeyFieldsProps) {
  const [address, cleared] = form.watch(['baseUrl', 'clearKey'])
  const moved = provider !== null && address.trim() !== provider.baseUrl
  const help = !provider?.hasKey ? t('models.keyHelp') : moved ? t('models.keyMoved') : t('models.keyStoredHelp')
  return (
    <>
      <PasswordField
        label={t('models.key')}
        help={help}
        error={error}
        autoComplete="off"
        data-1p-ignore
        readOnly={cleared}
        {...form.register('apiKey')}
      />
      {provider?.hasKey && (
        <label className="-mt-2 mb-4 flex items-center gap-2.5">
          <input type="checkbox" className="size-4 accent-accent" {...form.register('clearKey')} />
          {t('models.keyClear')}
        </label>
      )}
    </>
  )
}

function useSave(provider: Provider | null): (values: z.output<typeof schema>) => Promise<void> {
  const navigate = useNavigate()
  const { organisation } = useMe()
  return async ({ clearKey, apiKey, ...values }) => {
    if (provider) {
      const key = clearKey ? { apiKey: null } : apiKey !== null ? { apiKey } : {}
      await call('providers.change', { params: { providerId: provider.id }, body: { ...values, ...key } })
      toast({ text: t('models.changed', { name: values.name }) })
    } else {
      await call('providers.add', { body: { ...values, apiKey } })
      toast({ text: t('models.created', { name: values.name, organisation: organisation.name }) })
    }
    await Promise.all([queryClient.invalidateQueries(providersQuery), queryClient.invalidateQueries(modelsQuery)])
    await navigate({ to: '/models' })
  }
}
