/** Another letter to somebody who has not joined yet. */
import { useState } from 'react'
import type { Member } from '#contract/accounts.ts'
import { call } from '#web/kernel/api.ts'
import { withProof } from '#web/kernel/proof.ts'
import { sayDate } from '#web/kernel/time.ts'
import { Button } from '#web/ui/button.tsx'
import { report } from '#web/ui/report.ts'
import { lookAgain } from './queries.ts'
import { t } from './text.ts'

/** The button; says what became of the letter. */
export function SendAgain({ member, onDone }: { member: Member; onDone: (text: string) => void }) {
  const [busy, setBusy] = useState(false)
  const { name } = member
  const send = async () => {
    setBusy(true)
    try {
      const { sent, mail, expiresAt } = await withProof(() => call('members.invite_again', { params: { userId: member.id } }))
      await lookAgain()
      onDone(
        !sent
          ? t('people.notSent', { name })
          : mail === 'smtp'
            ? t('invited.again', { name })
            : t('people.kept', { name, until: sayDate(expiresAt) }),
      )
    } catch (error) {
      report(error)
    }
    setBusy(false)
  }
  return (
    <Button busy={busy} aria-label={t('invited.againNamed', { name })} onClick={() => void send()}>
      {t('people.newLink')}
    </Button>
  )
}
