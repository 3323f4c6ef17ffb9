/** What is shown for a chat that is absent or another person's: the same, for the page can't tell either. */
import { t } from '#web/kernel/text.ts'
import { ButtonLink } from '#web/ui/button.tsx'
import { PageHead } from '#web/ui/frame.tsx'

/** Says so, and leads on. */
export function NoSuchChat() {
  return (
    <>
      <PageHead>{null}</PageHead>
      <div className="mx-auto flex max-w-[34rem] flex-1 flex-col justify-center px-6 pb-24">
        <h1 className="mb-2 text-title font-strong text-balance">{t('chats.notFoundTitle')}</h1>
        <p className="mb-5 text-muted">{t('chats.notFound')}</p>
        <ButtonLink to="/" look="solid" icon="plus" className="self-start">
          {t('nav.newChat')}
        </ButtonLink>
      </div>
    </>
  )
}
