/** What people see who came to a page of administrators. */
import { useMe } from '#web/kernel/session.ts'
import { ButtonLink } from '#web/ui/button.tsx'
import { ReadingPage } from '#web/ui/frame.tsx'
import { t } from './text.ts'

/** Says who may open it. */
export function AdminsOnly() {
  const { organisation } = useMe()
  return (
    <ReadingPage title={t('models.title')}>
      <h2 className="mb-1 text-title font-strong">{t('failure.notAllowedTitle')}</h2>
      <p className="mb-5 max-w-[60ch] text-muted">{t('models.notAllowed', { organisation: organisation.name })}</p>
      <ButtonLink to="/">{t('nav.backToChats')}</ButtonLink>
    </ReadingPage>
  )
}
