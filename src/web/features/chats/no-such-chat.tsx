/** What is shown for a chat that is absent, erased or another person's: the same, for the page can't tell either. One's own in the trash can be restored. */
import { useQuery } from '@tanstack/react-query'
import type { Chat } from '#contract/chats.ts'
import { findQuery } from '#web/features/shelves/queries.ts'
import { queryClient } from '#web/kernel/session.ts'
import { Button, ButtonLink } from '#web/ui/button.tsx'
import { PageHead } from '#web/ui/frame.tsx'
import { t } from './care-text.ts'
import { chatQuery } from './data/chat-list.ts'
import { changeChats } from './data/many.ts'
import { messagesQuery } from './data/messages.ts'

/** Says so, and leads on; `sharer` is who shared it until a moment ago, of one that was open. */
export function NoSuchChat({ chatId, sharer }: { chatId: string; sharer: string | undefined }) {
  const found = useQuery({ ...findQuery({ chat: chatId }), retry: false })
  const trashed = found.data?.items.find(({ deletedAt }) => deletedAt !== null)
  const restore = async () => {
    if (!trashed) return
    await changeChats('restore', [trashed])
    await queryClient.resetQueries({ queryKey: messagesQuery(chatId).queryKey })
    await queryClient.resetQueries({ queryKey: chatQuery(chatId).queryKey })
  }
  const { title, why } = wordsOf(trashed, sharer)
  return (
    <>
      <title>{title}</title>
      <PageHead>{null}</PageHead>
      <div className="mx-auto flex max-w-[34rem] flex-1 flex-col justify-center px-6 pb-24">
        <h1 className="mb-2 text-title font-strong text-balance wrap-anywhere">{title}</h1>
        <p className="mb-5 text-muted">{why}</p>
        <div className="flex flex-wrap gap-2">
          {trashed ? (
            <Button look="solid" icon="again" onClick={() => void restore()}>
              {t('chats.restore')}
            </Button>
          ) : (
            <ButtonLink to="/" look="solid" icon="plus">
              {t('nav.newChat')}
            </ButtonLink>
          )}
          <ButtonLink to="/find-chat" search={{ chat: chatId }} icon="search">
            {t('chats.whereIsIt')}
          </ButtonLink>
        </div>
      </div>
    </>
  )
}

function wordsOf(trashed: Chat | undefined, name: string | undefined): { title: string; why: string } {
  if (trashed) return { title: t('chats.inTrash', { title: trashed.description }), why: t('chats.inTrashWhy') }
  if (name === undefined) return { title: t('chats.notFoundTitle'), why: t('chats.notFound') }
  return { title: t('chats.takenBack', { name }), why: t('chats.takenBackWhy', { name }) }
}
