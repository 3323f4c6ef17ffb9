/** The form for an API token: what it is for, what it may do, and for how long. Making one needs a fresh proof. */
import { createApiToken } from '#contract/security.ts'
import { call } from '#web/kernel/api.ts'
import type { Reply } from '#web/kernel/endpoints.ts'
import { useApiForm } from '#web/kernel/form.ts'
import { sayDay } from '#web/kernel/moments.ts'
import { withProof } from '#web/kernel/proof.ts'
import { useMe } from '#web/kernel/session.ts'
import { Button } from '#web/ui/button.tsx'
import { ChecksField, SelectField, TextField } from '#web/ui/field.tsx'
import { FailureNotice } from '#web/ui/notice.tsx'
import { t } from './text.ts'

const DAYS = [7, 30, 90, 365]
const DAY_MS = 86_400_000

const choice = (ability: 'read' | 'chat' | 'admin') => ({
  value: ability,
  label: t(`tokens.${ability}`),
  help: t(`tokens.${ability}Help`),
})

/** Makes a token and hands it on. */
export function NewToken({ onMade, onCancel }: { onMade: (made: Reply<'tokens.create'>) => void; onCancel: () => void }) {
  const { user } = useMe()
  const { form, submit, failure, errorOf, busy } = useApiForm({
    schema: createApiToken.body,
    defaults: { name: '', abilities: ['read'], days: 30 },
    send: async (body) => onMade(await withProof(() => call('tokens.create', { body }))),
  })
  const abilities = [choice('read'), choice('chat'), ...(user.role === 'admin' ? [choice('admin')] : [])]
  const now = Date.now()
  const days = DAYS.map((count) => {
    const when = sayDay(new Date(now + count * DAY_MS).toISOString())
    return { value: String(count), label: t('tokens.daysUntil', { count, when }) }
  })
  return (
    <form onSubmit={submit} noValidate className="mb-6 rounded-panel border border-line bg-surface p-5 pb-4">
      {failure !== null && <FailureNotice error={failure} className="mb-4" />}
      <TextField
        label={t('tokens.name')}
        help={t('tokens.nameHelp')}
        placeholder={t('tokens.namePlaceholder')}
        error={errorOf('name')}
        autoComplete="off"
        autoFocus
        {...form.register('name')}
      />
      <ChecksField
        legend={t('tokens.abilities')}
        options={abilities}
        error={errorOf('abilities') && t('tokens.chooseOne')}
        {...form.register('abilities')}
      />
      <SelectField label={t('tokens.days')} options={days} error={errorOf('days')} {...form.register('days', { valueAsNumber: true })} />
      <div className="flex flex-wrap gap-2">
        <Button type="submit" look="solid" busy={busy}>
          {t('tokens.create')}
        </Button>
        <Button onClick={onCancel}>{t('common.cancel')}</Button>
      </div>
    </form>
  )
}
