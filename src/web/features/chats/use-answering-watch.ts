/** Chats that are answering: that they are done is told, but for those whose server died. Looked at now and then until they are. */
import { useEffect, useMemo } from 'react'
import type { Chat } from '#contract/chats.ts'
import { call } from '#web/kernel/api.ts'
import { noticeSessionEnd } from '#web/kernel/session.ts'
import { putChat } from './data/chat-list.ts'

const EVERY_MS = 30_000

/** Keeps the dots beside answering chats true. */
export function useAnsweringWatch(chats: readonly Chat[]): void {
  const ids = useMemo(() => chats.flatMap((chat) => (chat.answering ? [chat.id] : [])).join(' '), [chats])
  useEffect(() => {
    if (ids === '') return
    const look = () => {
      for (const chatId of ids.split(' ')) call('chats.get', { params: { chatId } }).then(putChat, noticeSessionEnd)
    }
    const timer = setInterval(look, EVERY_MS)
    return () => clearInterval(timer)
  }, [ids])
}
