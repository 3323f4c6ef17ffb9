/** What is shown for a chat that is absent, deleted or another person's: the same, for the page can't tell either. */
import { useMutation } from '@tanstack/react-query'
import { call } from '#web/kernel/api.ts'
import { ApiProblem } from '#web/kernel/problem.ts'
import { queryClient } from '#web/kernel/session.ts'
import { t } from '#web/kernel/text.ts'
import { Button, ButtonLink } from '#web/ui/button.tsx'
import { PageHead } from '#web/ui/frame.tsx'
import { FailureNotice, Notice } from '#web/ui/notice.tsx'
import { putChat } from './data/chat-list.ts'
import { messagesQuery } from './data/messages.ts'

/** Says so, and leads on; whoever deleted the chat can have it back from here. */
export function NoSuchChat({ chatId }: { chatId: string }) {
  const restoration = useMutation({
    mutationFn: () => call('chats.restore', { params: { chatId } }),
    onSuccess: async (chat) => {
      await queryClient.resetQueries({ queryKey: messagesQuery(chatId).queryKey })
      putChat(chat)
    },
  })
  const refused = restoration.error instanceof ApiProblem && restoration.error.problem.status < 500
  return (
    <>
      <title>{t('chats.notFoundTitle')}</title>
      <PageHead>{null}</PageHead>
      <div className="mx-auto flex max-w-[34rem] flex-1 flex-col justify-center px-6 pb-24">
        <h1 className="mb-2 text-title font-strong text-balance">{t('chats.notFoundTitle')}</h1>
        <p className="mb-5 text-muted">{t('chats.notFound')}</p>
        {refused && <Notice className="mb-5">{t('chats.nothingToRestore')}</Notice>}
        {restoration.error && !refused && <FailureNotice error={restoration.error} className="mb-5" />}
        <div className="flex flex-wrap gap-2">
          <ButtonLink to="/" look="solid" icon="plus">
            {t('nav.newChat')}
          </ButtonLink>
          {!refused && (
            <Button icon="again" busy={restoration.isPending} onClick={() => restoration.mutate()}>
              {t('chats.restore')}
            </Button>
          )}
        </div>
      </div>
    </>
  )
}
