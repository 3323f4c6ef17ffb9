/** What is left of a shared chat once it has gone elsewhere, or for good: its scope, with who could read it, and its key. */
import type { WriteTx } from '#server/isolation/unit-of-work.ts'
import { errorFields, type Log } from '#server/kernel/log.ts'

interface By {
  readonly unit: { write<T>(work: (tx: WriteTx) => Promise<T>): Promise<T> }
  readonly log: Log
}

/** Removes the actor's own scopes that their chats have left. What cannot go now, because somebody is using it, goes with the next clean-up. */
export async function dropLeftScopes({ unit, log }: By): Promise<void> {
  await unit.write((tx) => tx.call('drop_left_scopes')).catch((error: unknown) => log.warn(errorFields(error), 'a scope was left behind'))
}
