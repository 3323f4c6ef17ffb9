/** What came of inviting several people: each has an outcome, and nobody was in another's way. */
import type { Reply } from '#web/kernel/endpoints.ts'
import { Button, ButtonLink } from '#web/ui/button.tsx'
import { Notice } from '#web/ui/notice.tsx'
import { Outcome } from '#web/ui/outcome.tsx'
import { t } from './text.ts'

/** Says it, and where to see what became of the letters. */
export function InviteOutcomes({ of: { outcomes, mail }, onAgain }: { of: Reply<'members.invite'>; onAgain: () => void }) {
  const invited = outcomes.filter(({ outcome }) => outcome === 'invited').length
  const others = outcomes.filter(({ outcome }) => outcome !== 'invited')
  return (
    <>
      <Outcome text={invited > 0 ? t('many.done', { count: invited }) : t('many.doneNone')} />
      {mail === 'folder' && invited > 0 && <Notice className="mb-4">{t('invited.folder')}</Notice>}
      {others.length > 0 && (
        <ul aria-label={t('many.outcomes')} className="mb-5 divide-y divide-line rounded-panel border border-line bg-surface">
          {others.map(({ email, outcome }) => (
            <li key={email} className="flex flex-wrap justify-between gap-x-4 px-4 py-2.5">
              <span className="min-w-0 wrap-anywhere">{email}</span>
              <span className="text-small text-muted">{t(`many.${outcome}`)}</span>
            </li>
          ))}
        </ul>
      )}
      <div className="flex flex-wrap gap-2">
        <ButtonLink to="/people/invitations" look="solid">
          {t('many.see')}
        </ButtonLink>
        <Button onClick={onAgain}>{t('many.again')}</Button>
      </div>
    </>
  )
}
