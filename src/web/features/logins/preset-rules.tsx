/** The rules that come with Sardonyx, and the button that puts one of them in force. */
import { useMutation } from '@tanstack/react-query'
import type { LoginPolicy } from '#contract/sessions.ts'
import { Button } from '#web/ui/button.tsx'
import { FailureNotice } from '#web/ui/notice.tsx'
import type { SetRules } from './rules-page.tsx'
import { t } from './text.ts'

type Preset = Exclude<LoginPolicy['preset'], 'own'>

const [MINUTE_S, HOUR_S, DAY_S] = [60, 3_600, 86_400]

/** What the presets say, so that it can be read before one is chosen; the server's reply says what holds. */
export const PRESETS: Record<Preset, Omit<LoginPolicy, 'preset'>> = {
  everyday: {
    idleLimitS: 24 * HOUR_S,
    absoluteLimitS: 7 * DAY_S,
    remember: true,
    rememberIdleLimitS: 30 * DAY_S,
    rememberAbsoluteLimitS: 90 * DAY_S,
    proofGoodForS: 30 * MINUTE_S,
  },
  strict: {
    idleLimitS: HOUR_S,
    absoluteLimitS: DAY_S,
    remember: false,
    rememberIdleLimitS: HOUR_S,
    rememberAbsoluteLimitS: DAY_S,
    proofGoodForS: 10 * MINUTE_S,
  },
}

/** Puts the preset in force, unless it is already. */
export function PresetRules({ preset, policy, onSave }: { preset: Preset; policy: LoginPolicy; onSave: SetRules }) {
  const save = useMutation({ mutationFn: () => onSave({ preset }) })
  if (policy.preset === preset) return <p className="text-muted">{t('rules.now')}</p>
  return (
    <>
      {save.error && <FailureNotice error={save.error} className="mb-4" />}
      <Effect />
      <Button look="solid" busy={save.isPending} onClick={() => save.mutate()}>
        {t('rules.save')}
      </Button>
    </>
  )
}

/** Says what happens to logins that there are. */
export function Effect() {
  return <p className="mb-4 text-muted">{t('rules.effect')}</p>
}
