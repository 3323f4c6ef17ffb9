/** A message as it lies in its table, and opened. */
import { z } from 'zod'
import { Feedback, type Message, type MessageStatus, Part } from '#contract/chats.ts'
import type { ChatId, MessageId, UserId } from '#contract/ids.ts'
import type { Sealer } from '#server/isolation/keys/scope-keys.ts'
import { rowOf } from './feedback.ts'

const Parts = z.array(Part)

/** A row of `chat_message`, with what the actor says of it. */
export interface Row {
  id: string
  chat_session_id: string
  parent_id: string | null
  depth: number
  user_id: string
  message_type: 'user' | 'assistant'
  message: Buffer
  model: string | null
  model_name: Buffer | null
  status: MessageStatus
  feedback: Buffer | null
  time_created: Date
}

interface Opening {
  readonly sealer: Sealer
  /** What opens feedback, where a row has any. */
  readonly said: Sealer | undefined
  readonly userId: string
}

/** Opens a row. */
export function read(row: Row, { sealer, said, userId }: Opening): Message {
  const feedback = row.feedback && said?.open(row.feedback, rowOf(row.id, userId), 'feedback')
  return {
    id: row.id as MessageId,
    chatId: row.chat_session_id as ChatId,
    parentId: row.parent_id as MessageId | null,
    depth: row.depth,
    userId: row.user_id as UserId,
    messageType: row.message_type,
    parts: Parts.parse(JSON.parse(sealer.open(row.message, row.id, 'message'))),
    model: row.model,
    modelName: row.model_name && sealer.open(row.model_name, row.id, 'model_name'),
    status: row.status,
    feedback: feedback ? Feedback.parse(JSON.parse(feedback)) : null,
    timeCreated: row.time_created.toISOString(),
  }
}
