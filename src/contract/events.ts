/** What happens to a login and to what its person reaches, as it happens: one stream for a browser, whatever is open in it. */
import { z } from 'zod'
import { EndReason } from './end-reason.ts'
import { endpoint } from './endpoint.ts'
import { ChatId, MessageId } from './ids.ts'

/**
 * `chat.left` and `chat.erased`: it is not within reach here any more. `answer.begun` is a message, too, and `answer.ended` a change of
 * one. `access.changed`: what one reaches is not what it was.
 */
export const HappeningKind = z.enum([
  'chat.created',
  'chat.changed',
  'chat.deleted',
  'chat.restored',
  'chat.left',
  'chat.moved',
  'chat.erased',
  'message.created',
  'message.changed',
  'answer.begun',
  'answer.ended',
  'access.changed',
])

/** What happened, and to what; what it is now, whoever may know it asks for. */
export const Happening = z.strictObject({ kind: HappeningKind, chatId: ChatId.nullable(), messageId: MessageId.nullable() })
export type Happening = z.infer<typeof Happening>

export const followEvents = endpoint({
  id: 'events.follow',
  method: 'GET',
  path: '/api/events',
  summary:
    'What happens to this login, to its person and to the chats they reach, as it happens. Send the last id as Last-Event-ID to go on after it. Following is not activity',
  access: 'user',
  work: 'none',
  token: ['read', 'chat'],
  activity: false,
  events: {
    opened: z.strictObject({}).describe('from here on everything is told'),
    resumed: z.strictObject({}).describe('from here on everything is told; of what was missed, too much or not all: look again'),
    happened: z.strictObject({ items: z.array(Happening) }).describe('in order, and of each thing the latest only'),
    security: z.strictObject({}).describe('something new is in the security log; told to logins only'),
    me: z.strictObject({}).describe('own name, picture or preferences have changed; told to logins only'),
    ended: z.strictObject({ reason: EndReason }),
  },
})
