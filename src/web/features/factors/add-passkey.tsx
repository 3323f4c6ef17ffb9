/** Adding a passkey: a name first, so that the browser’s own questions come last. */
import { call } from '#web/kernel/api.ts'
import { usePlainForm } from '#web/kernel/plain-form.ts'
import { withProof } from '#web/kernel/proof.ts'
import { Button } from '#web/ui/button.tsx'
import { TextField } from '#web/ui/field.tsx'
import { FailureNotice } from '#web/ui/notice.tsx'
import { makePasskey } from './passkeys.ts'
import { t } from './text.ts'

interface AddPasskeyProps {
  onAdded: (name: string, recoveryCodes: readonly string[] | null) => Promise<void>
  onCancel: () => void
}

/** The form. */
export function AddPasskey({ onAdded, onCancel }: AddPasskeyProps) {
  const { form, submit, failure, errorOf, busy } = usePlainForm<{ name: string }>({
    defaults: { name: t('needed.default') },
    send: async ({ name }) => {
      const { options } = await withProof(() => call('passkeys.begin'))
      const passkey = await makePasskey(options)
      const { recoveryCodes } = await withProof(() => call('passkeys.add', { body: { name, passkey } }))
      await onAdded(name, recoveryCodes)
    },
  })
  return (
    <form onSubmit={submit} noValidate className="rounded-panel border border-line bg-surface p-5 pb-4">
      {failure !== null && <FailureNotice error={failure} className="mb-4" />}
      <TextField
        label={t('passkeys.name')}
        help={t('passkeys.nameHelp')}
        error={errorOf('name')}
        autoComplete="off"
        autoFocus
        {...form.register('name')}
      />
      <div className="flex flex-wrap gap-2">
        <Button type="submit" look="solid" busy={busy}>
          {t('passkeys.go')}
        </Button>
        <Button onClick={onCancel}>{t('common.cancel')}</Button>
      </div>
    </form>
  )
}
