/** What can be done to a chat from wherever it is shown: seen at once, taken back if the server refuses. */
import { useNavigate, useRouter } from '@tanstack/react-router'
import type { Chat } from '#contract/chats.ts'
import { call } from '#web/kernel/api.ts'
import { t } from '#web/kernel/text.ts'
import { report } from '#web/ui/report.ts'
import { toast } from '#web/ui/toast.ts'
import { dropChat, putChat } from './data/chat-list.ts'

/** Gives the actions. */
export function useChatActions() {
  const navigate = useNavigate()
  const router = useRouter()

  async function remove(chat: Chat): Promise<void> {
    const putBack = dropChat(chat.id)
    const wasOpen = router.state.location.pathname === `/chats/${chat.id}`
    if (wasOpen) await navigate({ to: '/' })
    try {
      await call('chats.delete', { params: { chatId: chat.id } })
      const action = { label: t('common.undo'), run: () => void restore(chat).then((done) => done && wasOpen && comeBack(chat)) }
      toast({ text: t('chats.deleted', { title: chat.description }), detail: t('chats.deletedSeal'), action })
    } catch (error) {
      putBack()
      report(error)
    }
  }

  /** Back to a chat that was open when it was deleted, unless the person has gone elsewhere since. */
  function comeBack(chat: Chat): void {
    if (router.state.location.pathname === '/') void navigate({ to: '/chats/$chatId', params: { chatId: chat.id } })
  }

  return { rename, remove }
}

async function rename(chat: Chat, description: string): Promise<void> {
  putChat({ ...chat, description, named: true })
  try {
    putChat(await call('chats.change', { params: { chatId: chat.id }, body: { description } }))
  } catch (error) {
    putChat(chat)
    report(error, t('chats.renameFailed'))
  }
}

async function restore(chat: Chat): Promise<boolean> {
  try {
    const restored = await call('chats.restore', { params: { chatId: chat.id } })
    putChat(restored)
    toast({ text: t('chats.restored', { title: restored.description }) })
    return true
  } catch (error) {
    report(error)
    return false
  }
}
