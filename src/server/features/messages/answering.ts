/** What an answer is made from: the conversation that leads to it, its model, and for the Librarian what may be quoted. */
import type { LanguageModelV4 } from '@ai-sdk/provider'
import type { Message, Part } from '#contract/chats.ts'
import type { ChatId, MessageId } from '#contract/ids.ts'
import type { ChatStore, StoredChat } from '#server/features/chats/index.ts'
import { LIBRARIAN, librarianModel, type Passage } from '#server/features/librarian/index.ts'
import type { ModelChoice, Reachable } from '#server/features/models/index.ts'
import type { JobActor } from '#server/isolation/actor.ts'
import type { Sealer } from '#server/isolation/keys/scope-keys.ts'
import type { ReadTx, UnitsOfWork, WriteTx } from '#server/isolation/unit-of-work.ts'
import { Failure } from '#server/kernel/failure.ts'
import type { Beginning } from '#server/providers/continue-answer.ts'
import type { Egress } from '#server/providers/egress.ts'
import { openModel } from '#server/providers/model-server.ts'
import { VENDORS } from '#server/providers/vendors.ts'
import type { MessageSearch } from './search.ts'
import { type MessageStore, textOf } from './store.ts'
import type { Tree } from './tree.ts'

/** Of a long path a model is sent the latest messages, and of those what fits here. */
const MOST_MESSAGES = 400
const AT_ONCE = 50
const MOST_CHARACTERS = 200_000
const MOST_PASSAGES = 40

export interface Conversation {
  readonly stored: StoredChat
  readonly messages: readonly { readonly role: 'user' | 'assistant'; readonly text: string }[]
  readonly modelId: string
  /** What there is of the answer already, where it is continued. */
  readonly kept: readonly Part[]
  /** Seals what other servers are told of it. */
  readonly sealer: Sealer
  /** Undefined for the Librarian, and for a model that is not on offer any more. */
  readonly reachable: Reachable | undefined
  /** The messages that the answer follows, which are no news to the person. */
  readonly path: ReadonlySet<MessageId>
}

/** Which answer, to what, and by whom. */
interface ToAnswer {
  readonly chatId: ChatId
  readonly answerId: MessageId
  readonly questionId: MessageId
  /** The answer's. */
  readonly depth: number
  readonly modelId: string
}

export class Answering {
  readonly #parts: {
    chats: ChatStore
    messages: MessageStore
    tree: Tree
    models: ModelChoice
    search: MessageSearch
    units: UnitsOfWork
    egress: Egress
  }
  constructor(parts: {
    chats: ChatStore
    messages: MessageStore
    tree: Tree
    models: ModelChoice
    search: MessageSearch
    units: UnitsOfWork
    egress: Egress
  }) {
    this.#parts = parts
  }

  /** The conversation that leads to an answer, as its job may read it. */
  async conversation(tx: ReadTx<JobActor>, of: ToAnswer): Promise<Conversation> {
    const { chats, messages, models } = this.#parts
    const { chatId, answerId, questionId, modelId } = of
    const [stored, rows, reachable, above] = await Promise.all([
      chats.find(tx, chatId),
      messages.seek(tx, chatId, [answerId, questionId]),
      modelId === LIBRARIAN.id ? undefined : models.reach(tx, modelId),
      this.#above(tx, of, 1),
    ])
    const [answer, question] = stored ? await messages.open(tx, stored, rows) : []
    if (!stored || !answer || !question) throw gone()
    const path = await this.#leadingTo(tx, stored, { of, question, above })
    return {
      stored,
      messages: fitting(path).map((message) => ({ role: message.messageType, text: textOf(message.parts) })),
      modelId,
      kept: answer.parts,
      sealer: await messages.sealerOfPieces(tx, stored),
      reachable,
      path: new Set(path.map((message) => message.id)),
    }
  }

  /** Takes up an answer that ended, to go on with it. False when another has done so, or something follows it by now. */
  async takeUp(tx: WriteTx<JobActor>, of: { chatId: ChatId; answerId: MessageId }): Promise<boolean> {
    const { chats, messages } = this.#parts
    const [, stored] = await Promise.all([chats.hold(tx, of.chatId), chats.find(tx, of.chatId)])
    return stored !== undefined && messages.reopen(tx, stored, of.answerId)
  }

  /** What comes before so much of the path as is known, the latest first. */
  async #above(tx: ReadTx<JobActor>, { chatId, answerId, depth }: ToAnswer, known: number): Promise<MessageId[]> {
    const top = depth - 1 - known
    const most = Math.min(AT_ONCE, MOST_MESSAGES - known)
    const ids = top < 0 || most < 1 ? [] : await this.#parts.tree.ids(tx, chatId, { leafId: answerId, top, most })
    if (ids.length < Math.min(top + 1, most)) throw gone()
    return ids
  }

  /** What leads to an answer, the latest first, however old: as much of it as a model is sent. */
  async #leadingTo(
    tx: ReadTx<JobActor>,
    stored: StoredChat,
    { of, question, above }: { of: ToAnswer; question: Message; above: readonly MessageId[] },
  ): Promise<Message[]> {
    const path = [question]
    let left = MOST_CHARACTERS - textOf(question.parts).length
    for (let ids = above; ids.length > 0 && left > 0; ids = await this.#above(tx, of, path.length)) {
      const some = await this.#parts.messages.listThese(tx, stored, ids)
      if (some.length < ids.length) throw gone()
      left -= some.reduce((sum, { parts }) => sum + textOf(parts).length, 0)
      path.push(...some)
    }
    return path
  }

  /** The model that answers. Fails with `model.not_found` when it is not on offer any more. */
  model(actor: JobActor, conversation: Conversation): LanguageModelV4 {
    if (conversation.modelId === LIBRARIAN.id)
      return librarianModel({ retrieve: (question) => this.#passages(actor, conversation, question) })
    if (!conversation.reachable) throw new Failure('model.not_found')
    return openModel({ ...conversation.reachable, egress: this.#parts.egress })
  }

  /** What the model has written already of an answer that it goes on with; undefined for a new one. */
  beginning({ kept, reachable }: Conversation): Beginning | undefined {
    const text = textOf(kept)
    return text === '' ? undefined : { text, isTaken: reachable !== undefined && VENDORS[reachable.kind].takesBeginning }
  }

  /** What the Librarian may quote: messages that the asking person may read, without its own answers and the conversation at hand. */
  async #passages(actor: JobActor, { path, messages }: Conversation, question: string): Promise<Passage[]> {
    // A fork says what its original says.
    const said = new Set(messages.map(({ text }) => text))
    const found = await this.#parts.units.read(actor, (tx) => this.#parts.search.find(tx, question, MOST_PASSAGES))
    return found
      .filter(({ message }) => message.model !== LIBRARIAN.id && !path.has(message.id) && !said.has(textOf(message.parts)))
      .map(({ stored: { chat }, message }, rank) => ({
        source: {
          kind: 'message',
          chatId: chat.id,
          messageId: message.id,
          title: chat.description,
          ...(chat.owner && { shared: true }),
        },
        title: chat.description,
        text: textOf(message.parts),
        score: 1 / (rank + 1),
        timeCreated: message.timeCreated,
      }))
  }
}

/** The latest messages that fit, the oldest first, beginning with a question as some vendors demand. `path` comes the latest first. */
function fitting(path: readonly Message[]): Message[] {
  let left = MOST_CHARACTERS
  const fits: Message[] = []
  for (const message of path) {
    left -= textOf(message.parts).length
    if (left < 0 && fits.length > 0) break
    fits.unshift(message)
  }
  return fits.slice(fits.findIndex(({ messageType }) => messageType === 'user'))
}

/** It has moved since it was found; whoever asks looks again where it is now. */
const gone = () => new Failure('chat.not_found')
