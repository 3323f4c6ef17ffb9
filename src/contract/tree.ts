/** The tree of a chat: its paths, a page at a time; the branch that a person is shown; and a chat of one's own from any message of it. */
import { z } from 'zod'
import { Chat, PathMessage } from './chats.ts'
import { endpoint, PageQuery } from './endpoint.ts'
import { ChatId, MessageId } from './ids.ts'

const inChat = z.strictObject({ chatId: ChatId })

const PathQuery = PageQuery.extend({
  through: MessageId.optional().describe('the path through this message, to its end, in place of the branch that was shown last'),
  around: MessageId.optional().describe('the same, and of it the page that has this message in its middle'),
  at: z.coerce
    .number()
    .int()
    .min(0)
    .optional()
    .describe('the page whose deepest message lies at this depth, or at the end of a shorter path'),
}).refine(
  ({ cursor, through, around, at }) => [cursor, through ?? at, around].filter((given) => given !== undefined).length <= 1,
  'must name one place: a cursor, or a message and a depth, or what to look around',
)

const Path = z.strictObject({
  items: z.array(PathMessage).describe('the deepest first, each the parent of the one before it'),
  leafId: MessageId.nullable().describe('where the path ends; null in a chat without messages'),
  total: z.number().int().describe('how many messages the path has'),
  next: z.string().nullable().describe('a cursor to what comes before, towards the first question; null at it'),
  previous: z.string().nullable().describe('a cursor to what follows, towards the end; null at it'),
})
export type Path = z.infer<typeof Path>

export const listMessages = endpoint({
  id: 'messages.list',
  method: 'GET',
  path: '/api/chats/:chatId/messages',
  summary:
    'One path of the tree, the latest message first: the branch that the person was shown last, on whichever device, or the one through a message. At a fork it goes by the version that was chosen there, or the newest.',
  access: 'user',
  work: 'read',
  token: ['read', 'chat'],
  params: inChat,
  query: PathQuery,
  reply: Path,
  fails: ['chat.not_found', 'message.not_found', 'cursor.invalid'],
})

export const showBranch = endpoint({
  id: 'branches.show',
  method: 'POST',
  path: '/api/chats/:chatId/branch',
  summary:
    'Choose the branch through a message: it is the one shown from now on, to this person, on every device. Sending on a branch does the same.',
  access: 'user',
  work: 'write',
  token: ['chat'],
  params: inChat,
  body: z.strictObject({ messageId: MessageId }),
  reply: z.strictObject({ leafId: MessageId }),
  fails: ['chat.not_found', 'message.not_found'],
})

export const forkChat = endpoint({
  id: 'chats.fork',
  method: 'POST',
  path: '/api/chats/:chatId/forks',
  summary:
    'Begin a chat of one’s own with a copy of the path up to a message: of 1,000 messages and two million characters at most. The chat it is copied from stays as it is.',
  access: 'user',
  work: 'none',
  token: ['chat'],
  params: inChat,
  status: 201,
  body: z.strictObject({
    messageId: MessageId.describe('the last one that is copied'),
    idempotencyKey: z.uuid().describe('sending the same key again does not copy again'),
  }),
  reply: Chat,
  fails: ['chat.not_found', 'message.not_found', 'message.unfinished', 'message.conflict', 'chat.fork_too_long', 'chat.too_many_forks'],
})
