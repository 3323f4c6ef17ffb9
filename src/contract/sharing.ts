/** Sharing a chat with named people: they read along, and nobody else does. */
import { z } from 'zod'
import { endpoint } from './endpoint.ts'
import { ChatId, UserId } from './ids.ts'

/** As many people as one chat is shared with. */
export const MOST_READERS = 50
/** As many as a reader leaves with one request. */
export const MOST_LEFT_AT_ONCE = 200

/** Somebody who can read a chat. */
export const ChatReader = z.strictObject({
  id: UserId,
  name: z.string(),
  email: z.string(),
  picture: z.string().nullable(),
  role: z.enum(['owner', 'viewer']).describe('whose chat it is, or somebody who reads along'),
})
export type ChatReader = z.infer<typeof ChatReader>

/** Another chat that answers of this one quote. */
export const QuotedChat = z.strictObject({
  chatId: ChatId,
  title: z.string(),
  shared: z.boolean().describe("whether it is somebody else's, shared with the caller"),
  quotations: z.number().int(),
})
export type QuotedChat = z.infer<typeof QuotedChat>

export const Sharing = z.strictObject({
  people: z.array(ChatReader).describe('who can read the chat, its owner first'),
  quoted: z.array(QuotedChat).describe("other chats whose words stand in this one's answers, for its owner to see before they share it"),
})
export type Sharing = z.infer<typeof Sharing>

const inChat = z.strictObject({ chatId: ChatId })

export const getSharing = endpoint({
  id: 'sharing.get',
  method: 'GET',
  path: '/api/chats/:chatId/readers',
  summary: 'Who can read a chat, and for its owner what else those who can will read',
  access: 'user',
  work: 'read',
  token: ['read', 'chat'],
  params: inChat,
  reply: Sharing,
  fails: ['chat.not_found'],
})

export const addReaders = endpoint({
  id: 'sharing.add',
  method: 'POST',
  path: '/api/chats/:chatId/readers',
  summary: 'Share a chat with people, who read along from now on, also what was written before',
  access: 'user',
  work: 'none',
  params: inChat,
  body: z.strictObject({
    userIds: z.array(UserId).min(1).max(MOST_READERS),
    quoted: z.array(ChatId).max(10_000).describe('the quoted chats that one has seen listed; sharing fails where there are others'),
  }),
  status: 204,
  fails: [
    'chat.not_found',
    'chat.not_yours',
    'chat.temporary',
    'member.not_found',
    'sharing.changed',
    'sharing.answering',
    'sharing.quotes',
    'sharing.too_many',
    'sharing.too_many_with_one',
    'sharing.not_now',
    'sharing.too_often',
    'sharing.too_long',
  ],
})

export const removeReader = endpoint({
  id: 'sharing.remove',
  method: 'DELETE',
  path: '/api/chats/:chatId/readers/:userId',
  summary: 'Take a chat back from somebody, or leave one that somebody shares with you',
  access: 'user',
  work: 'none',
  params: z.strictObject({ chatId: ChatId, userId: UserId }),
  status: 204,
  fails: ['chat.not_found', 'chat.not_yours', 'member.not_found', 'sharing.changed'],
})

export const leaveChats = endpoint({
  id: 'sharing.leave',
  method: 'POST',
  path: '/api/chats/leave',
  summary: `Leave up to ${MOST_LEFT_AT_ONCE} chats that others share with you`,
  access: 'user',
  work: 'none',
  body: z.strictObject({ chatIds: z.array(ChatId).min(1).max(MOST_LEFT_AT_ONCE) }),
  reply: z.strictObject({ left: z.array(ChatId).describe('those that one read until now') }),
  fails: [],
})

export const endSharing = endpoint({
  id: 'sharing.end',
  method: 'DELETE',
  path: '/api/chats/:chatId/readers',
  summary: 'Take a chat back from everybody',
  access: 'user',
  work: 'none',
  params: inChat,
  status: 204,
  fails: ['chat.not_found', 'chat.not_yours', 'sharing.changed'],
})
