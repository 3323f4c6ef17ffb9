/** Where an invitation went: to its person alone, and what to do where it did not arrive. */
import type { Reply } from '#web/kernel/endpoints.ts'
import { sayDate } from '#web/kernel/time.ts'
import { Notice } from '#web/ui/notice.tsx'
import { t } from './text.ts'

/** Says it. */
export function InvitationSent({ invitation }: { invitation: Reply<'members.add'> }) {
  const { member, mail, sent, expiresAt } = invitation
  const values = { name: member.name, until: sayDate(expiresAt) }
  if (!sent) {
    return (
      <Notice tone="warn" className="mb-4">
        {t('people.notSent', { name: member.name })}
      </Notice>
    )
  }
  return (
    <Notice className="mb-4">
      <p>{t(mail === 'smtp' ? 'people.sent' : 'people.kept', values)}</p>
      {isLocal(location.hostname) && <p className="mt-1 text-muted">{t('people.local')}</p>}
    </Notice>
  )
}

function isLocal(host: string): boolean {
  return /^(localhost|127\.[\d.]+|\[::1\])$/.test(host)
}
