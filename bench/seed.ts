/** Chats and messages in great number, sealed by the product's own sealers and put in by the superuser, past the checks of each row. */
import type pg from 'pg'
import type { ChatId, MessageId } from '#contract/ids.ts'
import { ScopeId } from '#contract/ids.ts'
import { schemaName } from '#server/isolation/tables.ts'
import type { Login, World } from './world.ts'

const BATCH = 5_000
const FIRST_MS = Date.parse('2026-01-01T00:00:00Z')

/** Gives a person so many chats, the later ones updated later; answers their ids. `unsealed`: titles as they are. */
export async function addChats(
  world: World,
  { actor }: Login,
  { count, unsealed = false }: { count: number; unsealed?: boolean },
): Promise<ChatId[]> {
  const { units, keys, ids } = world
  const scopeId = ScopeId.parse(actor.userId)
  const all: ChatId[] = []
  await units.read(actor, async (tx) => {
    const sealer = await keys.ofScope(tx, scopeId, 'chat_session')
    for (let from = 0; from < count; from += BATCH) {
      const chats = Array.from({ length: Math.min(BATCH, count - from) }, () => ids.next<ChatId>())
      const titles = chats.map((id, i) => {
        const title = `What we said about plan ${from + i} in the meeting`
        return unsealed ? Buffer.from(title) : sealer.seal(title, id, 'description')
      })
      const wrapped = await Promise.all(chats.map((id) => keys.newChatKey(tx, scopeId, id)))
      await inBulk(world, [
        `insert into ${schemaName(actor.tenantId)}.chat_session (id, user_id, scope_id, description, model, wrapped_key, time_created, time_updated)
         select id, $2, $2, title, 'librarian', wrapped, at, at from unnest($1::uuid[], $3::bytea[], $4::bytea[], $5::timestamptz[]) as t(id, title, wrapped, at)`,
        [chats, actor.userId, titles, wrapped, chats.map((_, i) => new Date(FIRST_MS + (from + i) * 1_000))],
      ])
      for (const id of chats) all.push(id)
    }
  })
  return all
}

/** Puts so many messages into a chat, each following the one before. */
export async function addMessages(
  world: World,
  { actor }: Login,
  { chatId, count, unsealed = false }: { chatId: ChatId; count: number; unsealed?: boolean },
): Promise<void> {
  const { units, keys, ids } = world
  const text = 'A message of the length that people write, with a few words more than that. '.repeat(4)
  await units.read(actor, async (tx) => {
    const row = await tx.first(tx.db.selectFrom('chat_session').select('wrapped_key').where('id', '=', chatId))
    const chat = { id: chatId, scopeId: ScopeId.parse(actor.userId), wrappedKey: row!.wrapped_key }
    const sealer = await keys.ofChat(tx, chat, 'chat_message')
    let last: MessageId | null = null
    for (let from = 0; from < count; from += BATCH) {
      const messages = Array.from({ length: Math.min(BATCH, count - from) }, () => ids.next<MessageId>())
      const sealed = messages.map((id, i) => {
        const plain = JSON.stringify([{ type: 'text', text: `${from + i}. ${text}` }])
        return unsealed ? Buffer.from(plain) : sealer.seal(plain, id, 'message')
      })
      const parents = messages.map((_, i) => messages[i - 1] ?? last)
      await inBulk(world, [
        `insert into ${schemaName(actor.tenantId)}.chat_message (id, chat_session_id, scope_id, user_id, parent_id, depth, message_type, message)
         select id, $2, $3, $3, parent, $6 + number - 1, 'user', message
           from unnest($1::uuid[], $4::uuid[], $5::bytea[]) with ordinality as t(id, parent, message, number)`,
        [messages, chatId, actor.userId, parents, sealed, from],
      ])
      last = messages.at(-1)!
    }
  })
}

/** Lets the planner know what there is. */
export async function settle(world: World): Promise<void> {
  await world.superuser.query('vacuum analyze')
}

/** References hold by construction here, and looking each up would take most of the time. */
async function inBulk(world: World, [text, values]: [string, unknown[]]): Promise<void> {
  const client: pg.PoolClient = await world.superuser.connect()
  try {
    await client.query('set session_replication_role = replica')
    await client.query(text, values)
  } finally {
    await client.query('reset session_replication_role')
    client.release()
  }
}
