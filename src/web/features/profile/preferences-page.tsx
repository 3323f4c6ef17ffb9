/** What one prefers. Each choice is kept as soon as it is made, and holds on all devices. */
import { useQuery } from '@tanstack/react-query'
import type { Preferences } from '#contract/accounts.ts'
import { Part } from '#web/features/account/part.tsx'
import { modelsQuery } from '#web/features/models/queries.ts'
import { changePreferences } from '#web/kernel/preferences.ts'
import { useMe } from '#web/kernel/session.ts'
import { MOD } from '#web/kernel/shortcuts.ts'
import { ChoiceField, SelectField } from '#web/ui/field.tsx'
import { FailureNotice } from '#web/ui/notice.tsx'
import { report } from '#web/ui/report.ts'
import { t } from './text.ts'

const THEMES = [
  { value: 'system', label: t('theme.system'), help: t('preferences.systemHelp') },
  { value: 'light', label: t('theme.light'), help: t('preferences.lightHelp') },
  { value: 'dark', label: t('theme.dark'), help: t('preferences.darkHelp') },
]
const SEND_KEYS = [
  { value: 'enter', label: t('preferences.enter'), help: t('preferences.enterHelp') },
  { value: 'mod_enter', label: t('preferences.modEnter', { key: MOD }), help: t('preferences.modEnterHelp') },
]
const MOTIONS = [
  { value: 'system', label: t('preferences.motionSystem'), help: t('preferences.motionSystemHelp') },
  { value: 'reduced', label: t('preferences.motionReduced'), help: t('preferences.motionReducedHelp') },
]

/** The page `/account/preferences`. */
export function PreferencesPage() {
  const { preferences } = useMe().user
  const choice = (name: Exclude<keyof Preferences, 'model'>) => ({
    name,
    value: preferences[name],
    onChange: ({ target }: { target: { value: string } }) => change({ [name]: target.value }),
  })
  return (
    <Part title={t('preferences.title')} lead={t('preferences.lead')}>
      <div className="max-w-[36rem]">
        <ChoiceField legend={t('preferences.theme')} options={THEMES} {...choice('theme')} />
        <ChoiceField legend={t('preferences.sendKey')} options={SEND_KEYS} {...choice('sendKey')} />
        <ChoiceField legend={t('preferences.motion')} options={MOTIONS} {...choice('motion')} />
        <ModelField chosen={preferences.model} />
      </div>
    </Part>
  )
}

function ModelField({ chosen }: { chosen: string | null }) {
  const models = useQuery(modelsQuery)
  if (models.error) return <FailureNotice error={models.error} onRetry={() => void models.refetch()} />
  const options = (models.data ?? []).map(({ id, name, provider }) => ({ value: id, label: `${name} · ${provider}` }))
  const isOffered = options.some(({ value }) => value === chosen)
  return (
    <SelectField
      label={t('preferences.model')}
      help={t('preferences.modelHelp')}
      options={[...(isOffered ? [] : [{ value: '', label: t('preferences.modelFirst') }]), ...options]}
      value={isOffered && chosen !== null ? chosen : ''}
      disabled={models.isPending}
      onChange={({ target }) => change({ model: target.value })}
    />
  )
}

function change(changes: Parameters<typeof changePreferences>[0]): void {
  changePreferences(changes).catch((error: unknown) => report(error, t('preferences.notKept')))
}
