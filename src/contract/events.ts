/** What happens to a login and to what its person reaches, as it happens: one stream for a browser, whatever is open in it. */
import { z } from 'zod'
import { followGeneration } from './chats.ts'
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

const MOST_WATCHED = 32

/** Answers to watch on the stream, separated by commas: chat, answer, and where to go on in it, with dots between. */
const Watched = z
  .string()
  .max(4_000)
  .transform((text) => text.split(',').map((each) => each.split('.')))
  .pipe(z.array(z.tuple([ChatId, MessageId, z.string().regex(/^\d{1,9}-\d{1,4}(-[1-9]\d{0,3})?$/)])).max(MOST_WATCHED))
  .refine((all) => new Set(all.map(([, answerId]) => answerId)).size === all.length, 'each answer is watched once')

/** What is told of an answer that is watched, as by following it alone: which one it is, and where its reader is after it. */
const told = { answerId: MessageId, at: z.string().describe('after which event of that answer, to say when watching it anew') }
const { delta, citation, rewind, done } = followGeneration.events

export const followEvents = endpoint({
  id: 'events.follow',
  method: 'GET',
  path: '/api/events',
  summary:
    'What happens to this login, to its person and to the chats they reach, as it happens. Send the last id as Last-Event-ID to go on after it. Answers being written can be watched on the same stream. Following is not activity',
  access: 'user',
  work: 'none',
  token: ['read', 'chat'],
  activity: false,
  query: z.strictObject({
    watch: Watched.optional().describe(
      '`chatId.answerId.at` of up to 32 answers to watch, with commas between; `0-0` is where an answer begins',
    ),
  }),
  events: {
    opened: z.strictObject({}).describe('from here on everything is told'),
    resumed: z.strictObject({}).describe('from here on everything is told; of what was missed, too much or not all: look again'),
    happened: z.strictObject({ items: z.array(Happening) }).describe('in order, and of each thing the latest only'),
    security: z.strictObject({}).describe('something new is in the security log; told to logins only'),
    me: z.strictObject({}).describe('own name, picture or preferences have changed; told to logins only'),
    ended: z.strictObject({ reason: EndReason }),
    delta: delta.extend(told),
    citation: citation.extend(told),
    rewind: rewind.extend(told),
    done: done.extend(told),
    lost: z
      .strictObject({ answerId: MessageId, gone: z.boolean() })
      .describe('an answer is watched no more: it is `gone` from one’s reach, or may be watched anew'),
  },
})
