/** The product's own statements, caught on their way to the database, so that what is compared is always what the product runs. */
import type { Compilable } from 'kysely'
import type { Actor } from '#server/isolation/actor.ts'
import type { Statement } from '#server/isolation/flight.ts'
import { type AppQueries, doorQueries, queriesFor } from '#server/isolation/queries.ts'
import type { ReadTx } from '#server/isolation/unit-of-work.ts'
import type { World } from './world.ts'

/** The first page of a person's chats, as the product asks for it. */
export function guardedList(world: World, actor: Actor): Promise<Statement> {
  return caught(world, { actor, db: queriesFor(actor) })
}

/** The same without the application filter. */
export function bareList(world: World, actor: Actor): Promise<Statement> {
  return caught(world, { actor, db: doorQueries(actor.tenantId) as unknown as AppQueries })
}

/** The first page of a person's chats through the product's store, its rows left unopened. */
export async function listUnopened(world: World, tx: Pick<ReadTx, 'actor' | 'db' | 'all'>): Promise<void> {
  const all = async <O>(query: Compilable<O>): Promise<O[]> => {
    await tx.all(query)
    return []
  }
  await world.chats.list({ actor: tx.actor, db: tx.db, all } as unknown as ReadTx, { in: 'chats', limit: 50, after: undefined })
}

async function caught(world: World, { actor, db }: { actor: Actor; db: AppQueries }): Promise<Statement> {
  let statement: Statement | undefined
  const all = async <O>(query: Compilable<O>): Promise<O[]> => {
    const { sql, parameters } = query.compile()
    statement = { text: sql, values: parameters }
    return []
  }
  await listUnopened(world, { actor, db, all })
  return statement!
}
