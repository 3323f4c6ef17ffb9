/** What happened, as a reader may know it: row security says so for each of them and each time. */
import type { Happening } from '#contract/events.ts'
import type { ReadTx } from '#server/isolation/unit-of-work.ts'
import type { Position } from './position.ts'

/** More than this at once is not told one by one: whoever missed so much looks again. */
const MOST = 200

interface Row {
  readonly snapshot: string
  readonly place: string
  readonly at: Date
  readonly kind: Happening['kind'] | null
  readonly chat_session_id: Happening['chatId']
  readonly message_id: Happening['messageId']
}

export interface Found {
  /** Up to where everything is told now. */
  readonly position: Position
  /** In order; null where not all that happened since is known, or it is too much. */
  readonly items: readonly Happening[] | null
}

/** What happened after a position; after none nothing, and from where on. */
export async function findHappened(tx: ReadTx, since: Position | null): Promise<Found> {
  const rows = await tx.call<Row>('happened', since?.snapshot ?? null, tx.actor.readScopes, MOST + 1)
  const { snapshot, place, at } = rows[0]!
  const items = rows.flatMap(({ kind, chat_session_id: chatId, message_id: messageId }) => (kind ? [{ kind, chatId, messageId }] : []))
  const isAll = (!since || since.place === place) && items.length <= MOST
  return { position: { snapshot, place, atMs: at.getTime() }, items: isAll ? items : null }
}

/** Of each thing the latest, in the order of those. */
export function latest(items: readonly Happening[]): Happening[] {
  const byThing = new Map<string, Happening>()
  for (const item of items) {
    const thing = `${item.chatId} ${item.messageId}`
    byThing.delete(thing)
    byThing.set(thing, item)
  }
  return [...byThing.values()]
}
