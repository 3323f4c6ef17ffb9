/**
 * The tree of a chat: where its branches end, the paths to there, and which one a person is shown. Which messages those are, functions of
 * the database say (db/tenant/0020_tree.sql), under row security, in ids; the messages are then read as all others.
 */
import type { PathMessage } from '#contract/chats.ts'
import type { ChatId, MessageId } from '#contract/ids.ts'
import type { StoredChat } from '#server/features/chats/index.ts'
import { type Exporter, listFile } from '#server/features/exports/index.ts'
import type { Actor, JobActor } from '#server/isolation/actor.ts'
import type { ReadTx, WriteTx } from '#server/isolation/unit-of-work.ts'
import type { MessageStore } from './store.ts'

type TreeTx = Pick<ReadTx<Actor | JobActor>, 'actor' | 'db' | 'all' | 'first' | 'call'>

/** The end of a branch. */
export interface Leaf {
  readonly id: MessageId
  readonly depth: number
}

/** Of the path to a message, what lies at the depth `top` and above it: `most` messages at most. */
interface Stretch {
  readonly leafId: MessageId
  readonly top: number
  readonly most: number
  /** Its messages, where they are known already: then all is asked for at once. */
  readonly ids?: readonly MessageId[]
}

interface Versioned {
  id: MessageId
  number: number
  total: number
  previous_id: MessageId | null
  next_id: MessageId | null
}

export class Tree {
  readonly #messages: MessageStore
  constructor(messages: MessageStore) {
    this.#messages = messages
  }

  /** The end of the branch through a message, or of the one that is shown to the person; undefined when there is none. */
  async leaf(tx: TreeTx, chatId: ChatId, through?: MessageId): Promise<Leaf | undefined> {
    return (await tx.call<Leaf>('message_leaf', chatId, through ?? null))[0]
  }

  /** A stretch of a path, the deepest message first. */
  async path(tx: TreeTx, stored: StoredChat, { leafId, top, most, ids }: Stretch): Promise<PathMessage[]> {
    const finding = tx.call<Versioned>('message_path', stored.chat.id, leafId, top, most)
    const [found, known] = await Promise.all([finding, ids && this.#messages.seek(tx, stored.chat.id, ids)])
    const versions = new Map(found.map((each) => [each.id, each]))
    const messages = known ? this.#messages.open(tx, stored, known) : this.#messages.listThese(tx, stored, [...versions.keys()])
    return (await messages).map((message) => {
      const { number, total, previous_id: previousId, next_id: nextId } = versions.get(message.id)!
      return { ...message, versions: { number, total, previousId, nextId } }
    })
  }

  /** The ids of a stretch of a path, the deepest first. */
  async ids(tx: TreeTx, chatId: ChatId, { leafId, top, most }: Stretch): Promise<MessageId[]> {
    return (await tx.call<Pick<Versioned, 'id'>>('message_path', chatId, leafId, top, most)).map(({ id }) => id)
  }

  /** Has the branch that ends here be the one that is shown to the person from now on. */
  async show(tx: WriteTx, chatId: ChatId, leafId: MessageId): Promise<void> {
    await tx.call('show_branch', chatId, leafId)
  }
}

const AT_ONCE = 500

/** In an export: which branch the person was shown last in each chat that is kept, and what they chose at its forks. */
export function branchExporter(): Exporter {
  const branches = (tx: ReadTx<JobActor>) =>
    tx.db
      .selectFrom('branch')
      .innerJoin('chat_session', 'chat_session.id', 'branch.chat_session_id')
      .where('branch.user_id', '=', tx.actor.userId)
      .where('chat_session.temporary_until', 'is', null)
  const chosen = (tx: ReadTx<JobActor>, chatIds: readonly string[]) =>
    tx.db
      .selectFrom('branch_choice')
      .select(['chat_session_id', 'fork_id', 'message_id'])
      .where('user_id', '=', tx.actor.userId)
      .where('chat_session_id', 'in', chatIds)
  const page = async (tx: ReadTx<JobActor>, after: string | undefined) => {
    let query = branches(tx).select(['branch.chat_session_id as chatId', 'branch.leaf_id as leafId'])
    if (after !== undefined) query = query.where('branch.chat_session_id', '>', after)
    const rows = await tx.all(query.orderBy('branch.chat_session_id').limit(AT_ONCE))
    const ids = rows.map(({ chatId }) => chatId)
    const choices = Map.groupBy(ids.length > 0 ? await tx.all(chosen(tx, ids)) : [], (choice) => choice.chat_session_id)
    return rows.map((row) => ({
      ...row,
      choices: (choices.get(row.chatId) ?? []).map((choice) => ({ forkId: choice.fork_id, messageId: choice.message_id })),
    }))
  }
  return {
    tables: ['branch', 'branch_choice'],
    count: async (tx) => (await tx.all(branches(tx).select('branch.chat_session_id'))).length,
    files: (read) => listFile<{ chatId: string }>('branches.json', 'branches', (last) => read((tx) => page(tx, last?.chatId))),
  }
}
