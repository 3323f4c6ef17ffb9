/** Going on in a chat of one's own from any message: a copy of what leads to it, opened at once. */
import { useNavigate } from '@tanstack/react-router'
import type { Message } from '#contract/chats.ts'
import { call } from '#web/kernel/api.ts'
import { newKey } from '#web/kernel/new-key.ts'
import { t } from '#web/kernel/text.ts'
import { report } from '#web/ui/report.ts'
import { toast } from '#web/ui/toast.ts'
import { putChat } from './data/chat-list.ts'

/** The key of a fork that is on its way, or failed: tried again it is the same one. */
const keys = new Map<string, string>()

/** Gives the act. */
export function useFork(): (message: Pick<Message, 'chatId' | 'id'>) => Promise<void> {
  const navigate = useNavigate()
  return async ({ chatId, id }) => {
    const idempotencyKey = keys.get(id) ?? newKey()
    keys.set(id, idempotencyKey)
    try {
      const chat = await call('chats.fork', { params: { chatId }, body: { messageId: id, idempotencyKey } })
      keys.delete(id)
      putChat(chat)
      await navigate({ to: '/chats/$chatId', params: { chatId: chat.id } })
      toast({ text: t('message.forked', { title: chat.description }) })
    } catch (error) {
      report(error)
    }
  }
}
