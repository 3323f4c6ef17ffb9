/** The authenticator app: setting one up, and removing it. */
import { useState } from 'react'
import { call } from '#web/kernel/api.ts'
import { sayMoment } from '#web/kernel/moments.ts'
import { withProof } from '#web/kernel/proof.ts'
import { Button } from '#web/ui/button.tsx'
import type { Done } from './factor-sections.tsx'
import { RemoveFactor } from './remove-factor.tsx'
import { Section } from './section.tsx'
import { SetUpApp } from './set-up-app.tsx'
import { t } from './text.ts'

/** The section. */
export function AppSection({ app, onDone }: { app: { readonly timeCreated: string } | null; onDone: Done }) {
  const [settingUp, setSettingUp] = useState(false)
  const [removing, setRemoving] = useState(false)
  const added = async (recoveryCodes: readonly string[] | null) => {
    setSettingUp(false)
    await onDone(t('app.added'), recoveryCodes)
  }
  return (
    <Section title={t('app.title')} lead={t('app.lead')}>
      {!settingUp && <p className="mb-3">{app ? t('app.since', { when: sayMoment(app.timeCreated) }) : t('app.none')}</p>}
      {settingUp && <SetUpApp onAdded={added} onCancel={() => setSettingUp(false)} />}
      {!settingUp && !app && (
        <Button icon="plus" onClick={() => setSettingUp(true)}>
          {t('app.setUp')}
        </Button>
      )}
      {app && (
        <Button look="danger" onClick={() => setRemoving(true)}>
          {t('app.remove')}
        </Button>
      )}
      <RemoveFactor
        title={t('app.removeTitle')}
        lead={t('app.removeLead')}
        act={t('app.remove')}
        open={removing}
        onClose={() => setRemoving(false)}
        remove={async () => {
          await withProof(() => call('authenticator_app.remove'))
          await onDone(t('app.removed'))
        }}
      />
    </Section>
  )
}
