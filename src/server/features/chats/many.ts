/**
 * Doing one thing to many of one's own chats: those for which it makes no difference count as done, and of those that stay as they are
 * the reason is said. A chat of somebody else is answered as one that never was.
 */
import { sql } from 'kysely'
import { MOST_AT_ONCE } from '#contract/bounds.ts'
import { type BulkAct, MOST_PINNED } from '#contract/care.ts'
import { FAILURES, type FailureCode } from '#contract/errors.ts'
import type { ChatId } from '#contract/ids.ts'
import type { WriteTx } from '#server/isolation/unit-of-work.ts'

interface Many {
  readonly act: BulkAct
  readonly chatIds: readonly ChatId[]
  readonly now: Date
}

interface Found {
  readonly pinned: boolean
  readonly deleted_at: Date | null
  readonly temporary_until: Date | null
}

/** Does it, in one transaction. They are held in the order of their ids, so that nobody waits in a circle. */
export async function changeMany(tx: WriteTx, { act, chatIds, now }: Many) {
  const rows = await tx.all(
    tx.db
      .selectFrom('chat_session')
      .select(['id', 'pinned', 'deleted_at', 'temporary_until'])
      .where('user_id', '=', tx.actor.userId)
      .where('id', 'in', chatIds)
      .orderBy('id')
      .forUpdate(),
  )
  const found = new Map(rows.map((row) => [row.id, row]))
  let room = act === 'pin' ? await roomForPins(tx) : 0
  const done: ChatId[] = []
  const failed: { chatId: ChatId; code: FailureCode; detail: string; next: string }[] = []
  for (const chatId of chatIds) {
    const row = found.get(chatId)
    const code = refusal(act, row) ?? (act === 'pin' && !row?.pinned && room-- < 1 ? 'chat.too_many_pinned' : undefined)
    if (code === undefined) done.push(chatId)
    else failed.push({ chatId, code, detail: FAILURES[code].detail, next: FAILURES[code].next })
  }
  if (done.length > 0) await change(tx, { act, chatIds: done, now })
  return { done, failed }
}

function refusal(act: BulkAct, row: Found | undefined): FailureCode | undefined {
  if (!row) return 'chat.not_found'
  if (act === 'delete' || act === 'restore') return undefined
  if (act === 'erase') return row.deleted_at ? undefined : 'chat.not_in_trash'
  if (row.deleted_at) return 'chat.not_found'
  return row.temporary_until ? 'chat.temporary' : undefined
}

const CHANGES = {
  pin: { pinned: true, archived: false },
  unpin: { pinned: false },
  archive: { pinned: false, archived: true },
  unarchive: { archived: false },
  restore: { deleted_at: null },
} as const

/** Chats that came out of reach since they were looked up are left alone by the database. */
async function change(tx: WriteTx, { act, chatIds, now }: Many): Promise<void> {
  if (act === 'erase') {
    await tx.change(tx.db.deleteFrom('chat_session').where('id', 'in', chatIds).where('deleted_at', 'is not', null))
    return
  }
  const update = tx.db.updateTable('chat_session').where('id', 'in', chatIds)
  // What was deleted already stays in the trash as long as was said then.
  if (act === 'delete') await tx.change(update.set({ deleted_at: now }).where('deleted_at', 'is', null))
  else await tx.change(update.set(CHANGES[act]))
}

/** How many more chats the actor may pin. */
export async function roomForPins(tx: WriteTx): Promise<number> {
  const counted = await tx.first(
    tx.db
      .selectFrom('chat_session')
      .select(sql<number>`count(*)::int`.as('n'))
      .where('user_id', '=', tx.actor.userId)
      .where(sql<boolean>`pinned and deleted_at is null and not archived and temporary_until is null`),
  )
  return MOST_PINNED - (counted?.n ?? 0)
}

/** Erases as many chats of the actor's trash as are changed at once, those that have been there longest first. */
export async function emptySome(tx: WriteTx): Promise<{ erased: number; more: boolean }> {
  const longest = await tx.all(
    tx.db
      .selectFrom('chat_session')
      .select('id')
      .where('user_id', '=', tx.actor.userId)
      .where(sql<boolean>`deleted_at is not null and temporary_until is null`)
      .orderBy('deleted_at')
      .orderBy('id')
      .limit(MOST_AT_ONCE + 1),
  )
  const ids = longest.slice(0, MOST_AT_ONCE).map(({ id }) => id)
  const erased = ids.length === 0 ? 0 : (await changeMany(tx, { act: 'erase', chatIds: ids, now: new Date(0) })).done.length
  return { erased, more: longest.length > MOST_AT_ONCE }
}
