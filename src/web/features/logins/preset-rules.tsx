/** The rules that come with Sardonyx, and the button that puts one of them in force. */
import { useMutation } from '@tanstack/react-query'
import type { LoginPolicy } from '#contract/sessions.ts'
import { Button } from '#web/ui/button.tsx'
import { FailureNotice } from '#web/ui/notice.tsx'
import type { SetRules } from './rules-page.tsx'
import { t } from './text.ts'

type Preset = Exclude<LoginPolicy['preset'], 'own'>

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
