/** Long chats, sealed by the product's own sealers and put in past the checks of each row: thousands of messages in a second. */
import type { Message } from '#contract/chats.ts'
import type { ChatId, MessageId } from '#contract/ids.ts'
import { ChatStore } from '#server/features/chats/index.ts'
import { ScopeKeys } from '#server/isolation/keys/scope-keys.ts'
import { schemaName } from '#server/isolation/tables.ts'
import { UnitsOfWork } from '#server/isolation/unit-of-work.ts'
import { systemClock } from '#server/kernel/clock.ts'
import { Ids } from '#server/kernel/ids.ts'
import { actorOf } from '#tests/walls/attack.ts'
import { type SignedIn, superuser, type World } from './world.ts'

const ids = new Ids(systemClock)
type Parent = Pick<Message, 'id' | 'depth'> | null

/** Where the messages go, how many, and what they say. */
interface Written {
  readonly chatId: ChatId
  readonly count: number
  readonly text: (number: number) => string
}

/** Adds questions and answers in turn, each behind the one before; answers their ids. */
export function addChain(world: World, person: SignedIn, { from, ...written }: Written & { from: Parent }): Promise<MessageId[]> {
  let parent = from
  return add(world, person, written, (id) => {
    const before = parent
    parent = { id, depth: before ? before.depth + 1 : 0 }
    return before
  })
}

/** Adds questions that all follow the same message; answers their ids. */
export function addVersions(world: World, person: SignedIn, { parent, ...written }: Written & { parent: Parent }): Promise<MessageId[]> {
  return add(world, person, written, () => parent)
}

async function add(
  world: World,
  person: SignedIn,
  { chatId, count, text }: Written,
  parentOf: (id: MessageId) => Parent,
): Promise<MessageId[]> {
  const scopeId = person.me.personalScopeId
  const rows = await new UnitsOfWork(world.database).read(actorOf(person), async (tx) => {
    const keys = new ScopeKeys(world.installation.keyring)
    const { wrappedKey } = (await new ChatStore(keys).find(tx, chatId))!
    const sealer = await keys.ofChat(tx, { id: chatId, scopeId, wrappedKey }, 'chat_message')
    return Array.from({ length: count }, (_, i) => {
      const id = ids.next<MessageId>()
      const parent = parentOf(id)
      const isAnswer = parent !== null && parent.depth % 2 === 0
      return {
        id,
        parent_id: parent?.id ?? null,
        depth: parent ? parent.depth + 1 : 0,
        message_type: isAnswer ? 'assistant' : 'user',
        message: inHex(sealer.seal(JSON.stringify([{ type: 'text', text: text(i) }]), id, 'message')),
        model: isAnswer ? 'librarian' : null,
        model_name: isAnswer ? inHex(sealer.seal('Librarian', id, 'model_name')) : null,
      }
    })
  })
  await superuser(world.url, async (client) => {
    await client.query('set session_replication_role = replica')
    await client.query(
      `insert into ${schemaName(person.me.organisation.id)}.chat_message
         (chat_session_id, scope_id, user_id, id, parent_id, depth, message_type, message, model, model_name)
       select $1, $2, $3, r.* from jsonb_to_recordset($4)
           as r(id uuid, parent_id uuid, depth int, message_type text, message bytea, model text, model_name bytea)`,
      [chatId, scopeId, person.me.user.id, JSON.stringify(rows)],
    )
  })
  return rows.map(({ id }) => id)
}

const inHex = (bytes: Buffer) => `\\x${bytes.toString('hex')}`
