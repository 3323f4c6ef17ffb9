/** What can be done to a chat from wherever it is shown: seen at once, taken back if the server refuses, and undone. */
import { useNavigate, useRouter } from '@tanstack/react-router'
import type { Chat } from '#contract/chats.ts'
import { call } from '#web/kernel/api.ts'
import { t } from '#web/kernel/text.ts'
import { act } from '#web/ui/deed.ts'
import { changeChat, dropChat, putChat } from './data/chat-list.ts'
import { sayRestored } from './data/restored.ts'

/** Gives the actions. */
export function useChatActions() {
  const navigate = useNavigate()
  const router = useRouter()

  async function remove(chat: Chat): Promise<void> {
    const wasOpen = router.state.location.pathname === `/chats/${chat.id}`
    const params = { chatId: chat.id }
    if (wasOpen) await navigate({ to: '/' })
    const undo = async () => {
      const restored = await restore(chat)
      if (restored && wasOpen) comeBack(chat)
    }
    const taken = await act({
      on: `chat ${chat.id}`,
      show: () => dropChat(chat.id),
      send: () => call('chats.delete', { params }),
      done: { text: t('chats.deleted', { title: chat.description }), detail: t('chats.deletedSeal') },
      undo: () => void undo(),
    })
    if (!taken && wasOpen) comeBack(chat)
  }

  /** Back to a chat that was open when it was deleted, unless the person has gone elsewhere since. */
  function comeBack(chat: Chat): void {
    if (router.state.location.pathname === '/') void navigate({ to: '/chats/$chatId', params: { chatId: chat.id } })
  }

  return { rename, remove }
}

/** Gives the chat another title; who takes that back is not told of it once more. */
async function rename(chat: Chat, description: string, isUndo = false): Promise<void> {
  await act({
    on: `title ${chat.id}`,
    show: () => changeChat(chat, { description, named: true }),
    send: () => call('chats.change', { params: { chatId: chat.id }, body: { description } }),
    settle: putChat,
    refused: t('chats.renameFailed'),
    ...(!isUndo && {
      done: { text: t('chats.renamed', { title: description }) },
      undo: () => void rename({ ...chat, description }, chat.description, true),
    }),
  })
}

/** Has further questions of the chat answered by another model. */
export async function chooseModel(chat: Chat, model: string): Promise<void> {
  await act({
    on: `model ${chat.id}`,
    show: () => changeChat(chat, { model }),
    send: () => call('chats.change', { params: { chatId: chat.id }, body: { model } }),
    settle: putChat,
  })
}

function restore(chat: Chat): Promise<boolean> {
  return act({
    on: `chat ${chat.id}`,
    show: () => {
      putChat(chat)
      return () => void dropChat(chat.id)
    },
    send: () => call('chats.restore', { params: { chatId: chat.id } }),
    settle: putChat,
    done: { text: sayRestored(chat) },
  })
}
