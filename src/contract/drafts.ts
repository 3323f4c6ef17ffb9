/** Drafts of questions: a person's own, the same on every device of theirs. */
import { z } from 'zod'
import { endpoint, prose, Time } from './endpoint.ts'
import { MessageId } from './ids.ts'

/** Nobody asks whether there is such a chat: it only tells one's own drafts apart. */
const DraftPlace = z
  .string()
  .toLowerCase()
  .regex(
    /^[0-9a-f]{8}-[0-9a-f]{4}-[1-8][0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}([.]edit)?$/,
    'must be an id, or one with .edit behind it',
  )
  .describe('the id of a chat, for its next question; with `.edit` behind it, for an earlier one asked differently; own id for a new chat')

export const Draft = z.strictObject({
  place: DraftPlace,
  text: z.string(),
  parentId: MessageId.nullable().describe('what a question asked differently follows; null for the first of its chat'),
  timeUpdated: Time.describe('when it was kept last'),
})
export type Draft = z.infer<typeof Draft>

const atPlace = z.strictObject({ place: DraftPlace })

export const listDrafts = endpoint({
  id: 'drafts.list',
  method: 'GET',
  path: '/api/drafts',
  summary: 'Own drafts, the latest first',
  access: 'user',
  work: 'read',
  reply: z.strictObject({ items: z.array(Draft) }),
})

export const keepDraft = endpoint({
  id: 'drafts.keep',
  method: 'PATCH',
  path: '/api/drafts/:place',
  summary:
    'Keep what is typed at a place, whatever was kept there before; of a person’s drafts the 100 latest are kept, and of these a megabyte',
  access: 'user',
  work: 'write',
  params: atPlace,
  body: z.strictObject({ text: prose(100_000), parentId: MessageId.nullable().default(null) }),
  reply: Draft.pick({ timeUpdated: true }),
})

export const forgetDraft = endpoint({
  id: 'drafts.forget',
  method: 'DELETE',
  path: '/api/drafts/:place',
  summary: 'Forget the draft at a place, if there is one',
  access: 'user',
  work: 'write',
  params: atPlace,
  status: 204,
})
