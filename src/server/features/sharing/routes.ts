/** The endpoints of sharing. Whoever's list changes by it has it as soon as the reply is there. */
import type { TenantId, UserId } from '#contract/ids.ts'
import { addReaders, endSharing, getSharing, leaveChats, removeReader } from '#contract/sharing.ts'
import { type ChatStore, dropLeftScopes, mayShare } from '#server/features/chats/index.ts'
import { type Route, route } from '#server/isolation/route.ts'
import type { WriteTx } from '#server/isolation/unit-of-work.ts'
import type { Log } from '#server/kernel/log.ts'
import { Changing } from './changing.ts'
import type { SharingStore } from './store.ts'

interface SharingParts {
  readonly chats: ChatStore
  readonly sharing: SharingStore
  /** Has every server look up anew what these people reach. */
  readonly membershipsChanged: (tenantId: TenantId, people: readonly UserId[]) => Promise<void>
  readonly log: Log
}

interface By {
  readonly actor: { readonly tenantId: TenantId; readonly userId: UserId }
  readonly unit: { write<T>(work: (tx: WriteTx) => Promise<T>): Promise<T> }
}

/** How often a change that waited for somebody who waited for it is tried again. */
const MOST_TRIES = 5
/** Waited in a circle, or for a chat that has moved meanwhile. */
const TRIED_AGAIN: ReadonlySet<unknown> = new Set(['40P01', '40001'])

/** The routes of this folder. */
export function sharingRoutes({ chats, sharing, membershipsChanged, log }: SharingParts): Route[] {
  const changing = new Changing({ chats, sharing })
  const change = async ({ actor, unit }: By, work: (tx: WriteTx) => Promise<UserId[]>) => {
    const people = await persistent(() => unit.write(work))
    await membershipsChanged(actor.tenantId, [actor.userId, ...people])
    await dropLeftScopes({ unit, log })
    return undefined
  }
  return [
    route(getSharing, async ({ tx, params }) => {
      const stored = await chats.open(tx, params.chatId)
      const quoted = mayShare(stored.chat) ? await sharing.listQuoted(tx, stored) : []
      return { people: await sharing.listReaders(tx, stored), quoted }
    }),
    route(addReaders, async ({ params, body, ...by }) => change(by, (tx) => changing.add(tx, params.chatId, body))),
    route(removeReader, async ({ params, ...by }) => change(by, (tx) => changing.remove(tx, params.chatId, params.userId))),
    route(leaveChats, async ({ actor, unit, body }) => {
      const left = await persistent(() => unit.write((tx) => changing.leave(tx, body.chatIds)))
      await membershipsChanged(actor.tenantId, [actor.userId])
      return { left }
    }),
    route(endSharing, async ({ params, ...by }) => change(by, (tx) => changing.end(tx, params.chatId))),
  ]
}

/** Of two that wait for each other PostgreSQL ends one, which then has the way free; who waited for a move then knows where to. */
async function persistent<T>(work: () => Promise<T>): Promise<T> {
  for (let tries = 1; ; tries++) {
    try {
      return await work()
    } catch (error) {
      const { code, cause } = error as { code?: unknown; cause?: { code?: unknown } }
      if (!TRIED_AGAIN.has(cause?.code ?? code) || tries === MOST_TRIES) throw error
    }
  }
}
