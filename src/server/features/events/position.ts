/**
 * How far a reader was told: every transaction that was over by then, and of which database. As the id of an event it is sealed, so it
 * is good only for the person to whom it was given, and says nothing about how busy the server is.
 */
import type { Actor } from '#server/isolation/actor.ts'
import type { Cursors } from '#server/isolation/cursor.ts'

export interface Position {
  /** As PostgreSQL writes it. */
  readonly snapshot: string
  readonly place: string
  /** When, by the clock of the database. */
  readonly atMs: number
}

const LIST = 'events'

/** The id of an event after which its reader was told all up to there. */
export function idOf(cursors: Cursors, actor: Actor, { snapshot, place, atMs }: Position): Promise<string> {
  return cursors.make(actor, LIST, [snapshot, place, String(atMs)])
}

/** The position in a Last-Event-ID; null where there is none, undefined where it is none of this person's. */
export async function positionOf(cursors: Cursors, actor: Actor, lastEventId: string | null): Promise<Position | null | undefined> {
  if (lastEventId === null) return null
  const [snapshot, place, atMs] = (await cursors.read(actor, LIST, lastEventId).catch(() => undefined)) ?? []
  return snapshot && place && atMs ? { snapshot, place, atMs: Number(atMs) } : undefined
}
