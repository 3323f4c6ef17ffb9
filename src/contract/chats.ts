/** Chats, their messages, and the answers being written. */
import { z } from 'zod'
import { endpoint, line, PageQuery, page, prose, Time } from './endpoint.ts'
import { ChatId, MessageId, ScopeId, UserId } from './ids.ts'
import { Source } from './source.ts'

export const ModelId = z
  .string()
  .min(1)
  .max(300)
  // Neither control characters nor halves of surrogate pairs: PostgreSQL's JSON, where preferences are kept, takes neither.
  .regex(/^[^\p{Cc}\p{Cs}]*$/u, 'must not contain control characters')
  .describe('`librarian`, or provider id and model name with a colon between')

export const Chat = z.strictObject({
  id: ChatId,
  description: z.string().describe('the title'),
  named: z.boolean().describe('false while the title is still the one it began with'),
  scope: z.strictObject({
    id: ScopeId,
    kind: z.enum(['personal', 'chat']).describe("`chat`: a scope of this chat's own, for its readers"),
  }),
  owner: z.strictObject({ id: UserId, name: z.string() }).nullable().describe("whose it is; null where it is the caller's own"),
  people: z.number().int().describe('how many can read it, its owner included'),
  mayWrite: z.boolean().describe('whether the caller may ask in it and change it'),
  model: ModelId,
  answering: z.boolean().describe('whether an answer is being written right now'),
  pinned: z.boolean(),
  archived: z.boolean(),
  deletedAt: Time.nullable().describe('when it was put into the trash; null where it is not'),
  temporaryUntil: Time.nullable().describe('from then on nobody can read it, and it is erased; null for a chat that is kept'),
  forkedFrom: z
    .strictObject({ chatId: ChatId, messageId: MessageId })
    .nullable()
    .describe('of which message of which chat it began as a copy'),
  timeCreated: Time,
  timeUpdated: Time,
})
export type Chat = z.infer<typeof Chat>

export const Citation = z.strictObject({
  type: z.literal('citation'),
  number: z.number().int().min(1).describe('the text points to it as [number]'),
  source: Source,
  quote: z.string(),
})
export type Citation = z.infer<typeof Citation>

export const Part = z.discriminatedUnion('type', [
  z.strictObject({ type: z.literal('text'), text: z.string() }),
  Citation,
  z.strictObject({ type: z.literal('failure'), sentence: z.string().describe('what went wrong, for the person'), retry: z.boolean() }),
])
export type Part = z.infer<typeof Part>

/** What a person thinks of an answer. Nobody else is shown it. */
export const Feedback = z.strictObject({ rating: z.enum(['up', 'down']), note: z.string().nullable() })
export type Feedback = z.infer<typeof Feedback>

/** `interrupted`: the server ended while writing; `stopped`: by the person; `failed`: by the provider. What was written is kept. */
export const MessageStatus = z.enum(['complete', 'streaming', 'interrupted', 'stopped', 'failed'])
export type MessageStatus = z.infer<typeof MessageStatus>

export const Message = z.strictObject({
  id: MessageId,
  chatId: ChatId,
  parentId: MessageId.nullable(),
  depth: z.number().int().describe('how many messages lead to it'),
  userId: UserId,
  messageType: z.enum(['user', 'assistant']),
  parts: z.array(Part),
  model: ModelId.nullable().describe('the model that wrote it; null for a person'),
  modelName: z.string().nullable(),
  status: MessageStatus,
  feedback: Feedback.nullable().describe("the caller's own"),
  timeCreated: Time,
})
export type Message = z.infer<typeof Message>

/** A message with its versions: what follows the same message, in the order in which it was made. */
export const PathMessage = Message.extend({
  versions: z.strictObject({
    number: z.number().int().describe('which of them this one is, from 1 on'),
    total: z.number().int(),
    previousId: MessageId.nullable(),
    nextId: MessageId.nullable(),
  }),
})
export type PathMessage = z.infer<typeof PathMessage>

const inChat = z.strictObject({ chatId: ChatId })
const inGeneration = z.strictObject({ chatId: ChatId, generationId: MessageId })

/** `chats`: one's own, neither archived nor deleted; `pinned`: those of them that are pinned; `shared`: those that others share with one. */
export const ChatList = z.enum(['chats', 'pinned', 'archive', 'trash', 'shared'])
export type ChatList = z.infer<typeof ChatList>

export const listChats = endpoint({
  id: 'chats.list',
  method: 'GET',
  path: '/api/chats',
  summary: 'Own chats, the latest first, those of the trash by when they were deleted; temporary ones are in no list',
  access: 'user',
  work: 'read',
  token: ['read', 'chat'],
  query: PageQuery.extend({ in: ChatList.default('chats') }),
  reply: page(Chat),
  fails: ['cursor.invalid'],
})

const LONGEST_TEMPORARY_HOURS = 24 * 30

export const createChat = endpoint({
  id: 'chats.create',
  method: 'POST',
  path: '/api/chats',
  summary: 'Begin a chat',
  access: 'user',
  work: 'none',
  token: ['chat'],
  status: 201,
  body: z.strictObject({
    description: line(200).optional(),
    model: ModelId.optional(),
    temporaryHours: z
      .number()
      .int()
      .min(1)
      .max(LONGEST_TEMPORARY_HOURS)
      .optional()
      .describe('erased after so many hours, and until then in no list, not searched, not exported and not titled'),
    idempotencyKey: z.uuid().optional().describe('sending the same key again does not begin another'),
  }),
  reply: Chat,
  fails: ['model.not_found', 'message.conflict'],
})

export const getChat = endpoint({
  id: 'chats.get',
  method: 'GET',
  path: '/api/chats/:chatId',
  summary: 'One chat',
  access: 'user',
  work: 'read',
  token: ['read', 'chat'],
  params: inChat,
  reply: Chat,
  fails: ['chat.not_found'],
})

export const changeChat = endpoint({
  id: 'chats.change',
  method: 'PATCH',
  path: '/api/chats/:chatId',
  summary: 'Rename a chat, choose its model, pin it or archive it',
  access: 'user',
  work: 'write',
  token: ['chat'],
  params: inChat,
  body: z
    .strictObject({
      description: line(200).optional(),
      model: ModelId.optional(),
      pinned: z.boolean().optional(),
      archived: z.boolean().optional().describe('an archived chat is not pinned any more'),
    })
    .refine((b) => Object.values(b).some((value) => value !== undefined), 'must change something'),
  reply: Chat,
  fails: ['chat.not_found', 'chat.not_yours', 'model.not_found', 'chat.too_many_pinned', 'chat.temporary'],
})

export const deleteChat = endpoint({
  id: 'chats.delete',
  method: 'DELETE',
  path: '/api/chats/:chatId',
  summary: 'Put a chat into the trash, where it can be restored for 30 days',
  access: 'user',
  work: 'write',
  token: ['chat'],
  params: inChat,
  status: 204,
  fails: ['chat.not_found', 'chat.not_yours'],
})

export const restoreChat = endpoint({
  id: 'chats.restore',
  method: 'POST',
  path: '/api/chats/:chatId/restore',
  summary: 'Take a chat out of the trash',
  access: 'user',
  work: 'write',
  token: ['chat'],
  params: inChat,
  reply: Chat,
  fails: ['chat.not_found', 'chat.not_yours'],
})

export const lookAtChat = endpoint({
  id: 'chats.use',
  method: 'POST',
  path: '/api/chats/:chatId/use',
  summary: 'Say that you look at a chat as it is now, so that your other devices need not point to it',
  access: 'user',
  work: 'read',
  token: ['chat'],
  activity: false,
  params: inChat,
  status: 204,
  fails: ['chat.not_found'],
})

export const listUsedChats = endpoint({
  id: 'chats.used',
  method: 'GET',
  path: '/api/chats/used',
  summary: 'When you last looked at these chats on any device, of those that it was within the hour',
  access: 'user',
  work: 'none',
  token: ['read', 'chat'],
  activity: false,
  query: z.strictObject({
    chatIds: z
      .string()
      .max(2_000)
      .transform((ids) => ids.split(','))
      .pipe(z.array(ChatId).max(50))
      .describe('at most 50, with commas between'),
  }),
  reply: z.strictObject({ items: z.array(z.strictObject({ chatId: ChatId, lastAccessed: Time })) }),
})

/** A question and the answer that has begun; follow the answer at `generations.follow` with its id. */
export const Exchange = z.strictObject({ question: PathMessage, answer: PathMessage, chat: Chat })

/** Why no answer begins, whatever it answers. */
const NOT_BEGUN = ['chat.not_found', 'chat.not_yours', 'model.not_found', 'generation.too_many'] as const

export const sendMessage = endpoint({
  id: 'messages.send',
  method: 'POST',
  path: '/api/chats/:chatId/messages',
  summary: 'Ask something; the answer begins at once and goes on without this request',
  access: 'user',
  work: 'write',
  token: ['chat'],
  params: inChat,
  status: 202,
  body: z.strictObject({
    text: prose(100_000),
    parentId: MessageId.nullable().describe('the message this one follows, which must be complete; null for the first'),
    model: ModelId.optional().describe("the chat's model when left out"),
    idempotencyKey: z.uuid().describe('sending the same key again does not ask again'),
  }),
  reply: Exchange,
  fails: [...NOT_BEGUN, 'message.not_found', 'message.unfinished', 'message.conflict'],
})

export const answerAgain = endpoint({
  id: 'generations.start',
  method: 'POST',
  path: '/api/chats/:chatId/generations',
  summary: 'Answer a question again; the earlier answer stays beside it',
  access: 'user',
  work: 'write',
  token: ['chat'],
  params: inChat,
  status: 202,
  body: z.strictObject({
    questionId: MessageId,
    model: ModelId.optional(),
    idempotencyKey: z.uuid().optional().describe('sending the same key again does not answer again'),
  }),
  reply: Exchange,
  fails: [...NOT_BEGUN, 'message.not_found', 'message.conflict'],
})

export const continueGeneration = endpoint({
  id: 'generations.continue',
  method: 'POST',
  path: '/api/chats/:chatId/generations/:generationId/continue',
  summary:
    'Go on with an answer that ended before it was complete; its text grows. One that is being written already is answered as it is.',
  access: 'user',
  work: 'none',
  token: ['chat'],
  params: inGeneration,
  status: 202,
  reply: Message,
  fails: [...NOT_BEGUN, 'generation.not_found', 'generation.ended', 'generation.too_long'],
})

export const followGeneration = endpoint({
  id: 'generations.follow',
  method: 'GET',
  path: '/api/chats/:chatId/generations/:generationId/events',
  summary:
    'Follow an answer as it is written. The id of an event says how much there was up to it; send the last as Last-Event-ID to go on after it. `rewind` takes back what was lost with the server that wrote it: cut the text and the citations to these lengths, and go on.',
  access: 'user',
  work: 'none',
  token: ['read', 'chat'],
  activity: false,
  params: inGeneration,
  events: {
    delta: z.strictObject({ text: z.string() }),
    citation: z.strictObject({ citation: Citation }),
    rewind: z.strictObject({ text: z.int().min(0), citations: z.int().min(0) }),
    done: z.strictObject({ message: Message }),
  },
  fails: ['chat.not_found', 'generation.not_found'],
})

export const stopGeneration = endpoint({
  id: 'generations.stop',
  method: 'POST',
  path: '/api/chats/:chatId/generations/:generationId/stop',
  summary: 'Stop an answer and keep what was written; the reply is the answer as it is kept',
  access: 'user',
  work: 'none',
  token: ['chat'],
  params: inGeneration,
  reply: Message,
  fails: ['chat.not_found', 'chat.not_yours', 'generation.not_found'],
})
