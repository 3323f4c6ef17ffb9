/** The fields of a provider: what kind it is, where it is called, and its key. */
import { z } from 'zod'
import { NewProvider, type Provider, ProviderKind, VENDOR_ADDRESS } from '#contract/models.ts'
import type { ApiForm } from '#web/kernel/plain-form.ts'
import { PasswordField, SelectField, TextField } from '#web/ui/field.tsx'
import { t } from './text.ts'

const { name, kind, baseUrl, models } = NewProvider.shape

/** Gives the lines of a text, trimmed, each once, without the empty ones. */
export function linesOf(text: string): string[] {
  const lines = text.split('\n').map((line) => line.trim())
  return [...new Set(lines.filter(Boolean))]
}

/** What the form holds. An empty key is none, and a vendor’s address stands in the form as well. */
export const providerSchema = z.strictObject({
  kind: kind.unwrap(),
  name,
  baseUrl: baseUrl.unwrap(),
  apiKey: z
    .string()
    .trim()
    .transform((key) => (key === '' ? null : key)),
  clearKey: z.boolean(),
  models: z.string().transform(linesOf).pipe(models),
})

/** What the form gives when it is sent. */
export type ProviderValues = z.output<typeof providerSchema>

interface FieldsProps {
  given: ApiForm<z.input<typeof providerSchema>, ProviderValues>
  provider: Provider | null
}

/** Kind, name and address. Choosing a vendor fills in its name and address, unless others have been entered. */
export function ServerFields({ given: { form, errorOf }, provider }: FieldsProps) {
  const choose = (next: ProviderKind) => {
    const { kind: before, name: named, baseUrl: address } = form.getValues()
    form.setValue('kind', next)
    if (named === '' || named === vendorName(before)) form.setValue('name', vendorName(next))
    if (address === '' || address === VENDOR_ADDRESS[before]) form.setValue('baseUrl', VENDOR_ADDRESS[next] ?? '')
  }
  const options = ProviderKind.options.map((value) => ({ value, label: t(`models.kind.${value}`) }))
  return (
    <>
      {!provider && (
        <SelectField
          label={t('models.kind')}
          options={options}
          value={form.watch('kind')}
          onChange={({ target }) => choose(ProviderKind.parse(target.value))}
        />
      )}
      <TextField
        label={t('models.name')}
        help={t('models.nameHelp')}
        error={errorOf('name')}
        autoComplete="off"
        {...form.register('name')}
      />
      <TextField
        label={t('models.address')}
        help={t(form.watch('kind') === 'openai_compatible' ? 'models.addressHelp' : 'models.vendorAddressHelp')}
        error={errorOf('baseUrl')}
        type="url"
        inputMode="url"
        placeholder="https://models.example.com/v1"
        autoComplete="off"
        className="font-mono"
        {...form.register('baseUrl')}
      />
    </>
  )
}

function vendorName(vendor: ProviderKind): string {
  return vendor === 'openai_compatible' ? '' : t(`models.kind.${vendor}`)
}

/** The key. A stored one is never shown; it can be kept, replaced or removed. */
export function KeyFields({ given: { form, errorOf }, provider }: FieldsProps) {
  const [address, cleared] = form.watch(['baseUrl', 'clearKey'])
  const moved = provider !== null && address.trim() !== provider.baseUrl
  const help = !provider?.hasKey ? t('models.keyHelp') : moved ? t('models.keyMoved') : t('models.keyStoredHelp')
  return (
    <>
      <PasswordField
        label={t('models.key')}
        showLabel={t('models.keyShow')}
        hideLabel={t('models.keyHide')}
        help={help}
        error={errorOf('apiKey')}
        autoComplete="off"
        data-1p-ignore
        readOnly={cleared}
        {...form.register('apiKey')}
      />
      {provider?.hasKey && (
        <label className="-mt-2 mb-4 flex min-h-8 items-center gap-2.5">
          <input type="checkbox" className="size-4 accent-accent" {...form.register('clearKey')} />
          {t('models.keyClear')}
        </label>
      )}
    </>
  )
}
