/** Recovery codes: how many are left, and making new ones. */
import { useState } from 'react'
import { call } from '#web/kernel/api.ts'
import { withProof } from '#web/kernel/proof.ts'
import { queryClient } from '#web/kernel/session.ts'
import { Button } from '#web/ui/button.tsx'
import { Notice } from '#web/ui/notice.tsx'
import { factorsQuery } from './queries.ts'
import { RemoveFactor } from './remove-factor.tsx'
import { Section } from './section.tsx'
import { t } from './text.ts'

/** The section. */
export function RecoverySection({ left, onMade }: { left: number; onMade: (codes: readonly string[]) => void }) {
  const [asking, setAsking] = useState(false)
  return (
    <Section title={t('recovery.title')} lead={t('recovery.lead')}>
      {left === 0 ? (
        <Notice tone="warn" className="mb-3 max-w-[68ch]">
          {t('recovery.noneLeft')}
        </Notice>
      ) : (
        <p className="mb-3">{t('recovery.left', { count: left })}</p>
      )}
      <Button onClick={() => setAsking(true)}>{t('recovery.make')}</Button>
      <RemoveFactor
        title={t('recovery.makeTitle')}
        lead={t('recovery.makeLead')}
        act={t('recovery.make')}
        open={asking}
        onClose={() => setAsking(false)}
        remove={async () => {
          const { recoveryCodes } = await withProof(() => call('recovery_codes.make'))
          onMade(recoveryCodes)
          await queryClient.invalidateQueries(factorsQuery)
        }}
      />
    </Section>
  )
}
