/** Care of chats: many at once, the trash, temporary ones, feedback on answers, and finding what one has lost sight of. */
import { z } from 'zod'
import { MOST_AT_ONCE } from './bounds.ts'
import { Chat, Feedback } from './chats.ts'
import { endpoint, prose } from './endpoint.ts'
import { ChatId, MessageId } from './ids.ts'

/** As many chats as one person has pinned. */
export const MOST_PINNED = 50

const inChat = z.strictObject({ chatId: ChatId })
const atMessage = z.strictObject({ chatId: ChatId, messageId: MessageId })

/** `delete` puts into the trash and `restore` takes out of it; `erase` is for good, and only for what is in the trash. */
export const BulkAct = z.enum(['pin', 'unpin', 'archive', 'unarchive', 'delete', 'restore', 'erase'])
export type BulkAct = z.infer<typeof BulkAct>

export const changeManyChats = endpoint({
  id: 'chats.change_many',
  method: 'POST',
  path: '/api/chats/bulk',
  summary: `Do one thing to up to ${MOST_AT_ONCE} chats; doing it again changes nothing`,
  access: 'user',
  work: 'none',
  token: ['chat'],
  body: z.strictObject({ act: BulkAct, chatIds: z.array(ChatId).min(1).max(10_000) }),
  reply: z.strictObject({
    done: z.array(ChatId),
    failed: z.array(z.strictObject({ chatId: ChatId, code: z.string(), detail: z.string(), next: z.string() })),
  }),
  fails: ['chat.too_many_at_once'],
})

export const eraseChat = endpoint({
  id: 'chats.erase',
  method: 'POST',
  path: '/api/chats/:chatId/erase',
  summary: 'Erase a chat of the trash for good',
  access: 'user',
  work: 'none',
  token: ['chat'],
  params: inChat,
  status: 204,
  fails: ['chat.not_found', 'chat.not_yours', 'chat.not_in_trash'],
})

export const emptyTrash = endpoint({
  id: 'chats.empty_trash',
  method: 'POST',
  path: '/api/chats/trash/empty',
  summary: `Erase what is in the trash for good, ${MOST_AT_ONCE} chats at a time; call again while there are more`,
  access: 'user',
  work: 'none',
  token: ['chat'],
  reply: z.strictObject({ erased: z.number().int(), more: z.boolean() }),
})

export const keepChat = endpoint({
  id: 'chats.keep',
  method: 'POST',
  path: '/api/chats/:chatId/keep',
  summary: 'Keep a temporary chat: from now on it is a chat like the others',
  access: 'user',
  work: 'write',
  token: ['chat'],
  params: inChat,
  reply: Chat,
  fails: ['chat.not_found'],
})

export const findChats = endpoint({
  id: 'chats.find',
  method: 'GET',
  path: '/api/chats/find',
  summary:
    'Chats one may read, wherever they are now, by words of their title (the latest thousand) or messages, or by their id; temporary ones are not found',
  access: 'user',
  work: 'read',
  token: ['read', 'chat'],
  query: z.strictObject({ words: z.string().trim().max(200).optional(), chatId: ChatId.optional() }),
  reply: z.strictObject({ items: z.array(Chat), more: z.boolean().describe('whether there are others that fit less well') }),
})

export const giveFeedback = endpoint({
  id: 'feedback.give',
  method: 'POST',
  path: '/api/chats/:chatId/messages/:messageId/feedback',
  summary: 'Say what one thinks of an answer; in place of what one said before',
  access: 'user',
  work: 'write',
  token: ['chat'],
  params: atMessage,
  body: z.strictObject({ rating: Feedback.shape.rating, note: prose(2_000).optional() }),
  reply: Feedback,
  fails: ['chat.not_found', 'chat.not_yours', 'message.not_found'],
})

export const removeFeedback = endpoint({
  id: 'feedback.remove',
  method: 'DELETE',
  path: '/api/chats/:chatId/messages/:messageId/feedback',
  summary: 'Take back what one said of an answer',
  access: 'user',
  work: 'write',
  token: ['chat'],
  params: atMessage,
  status: 204,
  fails: ['chat.not_found', 'chat.not_yours', 'message.not_found'],
})
