/** What an answer may quote. */
import { z } from 'zod'
import { ChatId, MessageId } from './ids.ts'

/** Where a quotation comes from. */
export const Source = z.discriminatedUnion('kind', [
  z.strictObject({
    kind: z.literal('message'),
    chatId: ChatId,
    messageId: MessageId,
    title: z.string(),
    shared: z.literal(true).optional().describe('that chat is somebody else’s, who shared it, or the chat that quotes it'),
  }),
  z.strictObject({ kind: z.literal('handbook'), section: z.string(), title: z.string() }),
])
export type Source = z.infer<typeof Source>
