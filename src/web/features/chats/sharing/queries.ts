/** What the page knows of who reads which chat, and the changes of it. */
import { keepPreviousData, queryOptions } from '@tanstack/react-query'
import type { Chat } from '#contract/chats.ts'
import { call } from '#web/kernel/api.ts'
import { queryClient } from '#web/kernel/session.ts'
import { putChat } from '../data/chat-list.ts'

export const sharingQuery = (chatId: string) =>
  queryOptions({
    queryKey: ['sharing', chatId],
    queryFn: ({ signal }) => call('sharing.get', { params: { chatId } }, { signal }),
    staleTime: 0,
  })

const MOST_FOUND = 8
const SETTLED_MS = 200

/** People whom one sees and who can sign in, by a part of their name or address. */
export const addableQuery = (part: string) =>
  queryOptions({
    queryKey: ['members', 'addable', part],
    queryFn: async ({ signal }) => {
      await new Promise((resolve) => setTimeout(resolve, SETTLED_MS))
      if (signal.aborted) return []
      const query = { status: 'joined' as const, limit: MOST_FOUND, ...(part === '' ? {} : { query: part }) }
      return (await call('members.list', { query }, { signal })).items.filter(({ joined, suspended }) => joined && !suspended)
    },
    placeholderData: keepPreviousData,
  })

export async function share(chat: Chat, people: { userIds: string[]; quoted: string[] }): Promise<void> {
  await call('sharing.add', { params: { chatId: chat.id }, body: people })
  await look(chat.id)
}

export async function takeBack(chat: Chat, userId: string): Promise<void> {
  await call('sharing.remove', { params: { chatId: chat.id, userId } })
  await look(chat.id)
}

export async function endSharing(chat: Chat): Promise<void> {
  await call('sharing.end', { params: { chatId: chat.id } })
  await look(chat.id)
}

/** Takes in how the chat is now. */
async function look(chatId: string): Promise<void> {
  const [chat] = await Promise.all([call('chats.get', { params: { chatId } }), queryClient.invalidateQueries(sharingQuery(chatId))])
  putChat(chat)
}
