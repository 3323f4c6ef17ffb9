/** The link that lets a person in: shown once, with what it does and to whom it must go. */
import type { Reply } from '#web/kernel/endpoints.ts'
import { sayDate } from '#web/kernel/time.ts'
import { Button } from '#web/ui/button.tsx'
import { CopyButton } from '#web/ui/copy-button.tsx'
import { Notice } from '#web/ui/notice.tsx'
import { t } from './text.ts'

/** Shows the link and copies it. */
export function InvitationLink({ invitation, onDone }: { invitation: Reply<'members.add'>; onDone: () => void }) {
  const { member, link, expiresAt } = invitation
  return (
    <>
      <p className="mb-3">{t('people.linkLead', { name: member.name, until: sayDate(expiresAt) })}</p>
      <input
        readOnly
        value={link}
        aria-label={t('people.link')}
        onFocus={(event) => event.target.select()}
        className="mb-2 block min-h-11 w-full rounded-control border border-control bg-sunken px-3 font-mono text-small"
      />
      <p className="mb-4 text-small text-muted">{t('people.linkOnce')}</p>
      {isLocal(link) && (
        <Notice tone="warn" className="mb-4 text-small">
          {t('people.linkLocal')}
        </Notice>
      )}
      <div className="flex gap-2">
        <CopyButton label={t('people.copyLink')} text={() => link} />
        <Button onClick={onDone}>{t('people.done')}</Button>
      </div>
    </>
  )
}

function isLocal(link: string): boolean {
  return /^(localhost|127\.[\d.]+|\[::1\])$/.test(new URL(link).hostname)
}
