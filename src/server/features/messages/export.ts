/** Chats in an export: each as JSON with all of its messages and branches, and as a page of Markdown to read. Deleted ones say so; temporary ones are left out, for the archive outlives them. */
import { sql } from 'kysely'
import type { Message, Part } from '#contract/chats.ts'
import type { ChatId, MessageId } from '#contract/ids.ts'
import type { ChatStore, StoredChat } from '#server/features/chats/index.ts'
import { type Exporter, type Piece, pretty, type Read } from '#server/features/exports/index.ts'
import { type MessageStore, textOf } from './store.ts'

const CHATS_AT_ONCE = 50
const MESSAGES_AT_ONCE = 100

/** Every chat that the person began, and keeps. */
export function chatExporter({ chats, messages }: { chats: ChatStore; messages: MessageStore }): Exporter {
  async function* all(read: Read): AsyncGenerator<StoredChat> {
    for (let after: ChatId | undefined; ; ) {
      const some = await read((tx) => chats.listAll(tx, { limit: CHATS_AT_ONCE, after }))
      yield* some
      after = some.at(-1)?.chat.id
      if (some.length < CHATS_AT_ONCE) return
    }
  }
  async function* pages(read: Read, stored: StoredChat): AsyncGenerator<Message[]> {
    for (let after: MessageId | undefined; ; ) {
      const some = await read(async (tx) => {
        // It may have been shared since, and have other keys.
        const now = await chats.find(tx, stored.chat.id)
        return now ? messages.listFrom(tx, now, { limit: MESSAGES_AT_ONCE, after }) : []
      })
      if (some.length > 0) yield some
      after = some.at(-1)?.id
      if (some.length < MESSAGES_AT_ONCE) return
    }
  }
  return {
    tables: ['chat_session', 'chat_message', 'message_feedback'],
    count: async (tx) => {
      const own = tx.db.selectFrom('chat_session').where('user_id', '=', tx.actor.userId).where('temporary_until', 'is', null)
      const counted = await tx.first(own.select(sql<number>`count(*)::int`.as('n')))
      const within = await tx.first(
        own
          .innerJoin('chat_message', 'chat_message.chat_session_id', 'chat_session.id')
          .select(sql<number>`count(*)::int`.as('n'))
          .clearWhere()
          .where('chat_session.user_id', '=', tx.actor.userId)
          .where('chat_session.temporary_until', 'is', null),
      )
      return (counted?.n ?? 0) + (within?.n ?? 0)
    },
    async *files(read) {
      for await (const stored of all(read)) {
        const name = `chats/${nameOf(stored)}`
        yield { name: `${name}.json`, pieces: asJson(stored, pages(read, stored)) }
        yield { name: `${name}.md`, pieces: asMarkdown(stored, pages(read, stored)) }
      }
    },
  }
}

/** The day, what can be kept of the title, and the end of the id, by which no two are alike. */
function nameOf({ chat }: StoredChat): string {
  const title = chat.description
    .normalize('NFC')
    .replace(/[^\p{L}\p{N} _-]/gu, ' ')
    .replace(/\s+/g, ' ')
    .slice(0, 60)
    .trim()
  return `${chat.timeCreated.slice(0, 10)} ${title.toWellFormed()} ${chat.id.slice(-12)}`
}

async function* asJson({ chat }: StoredChat, pages: AsyncIterable<Message[]>): AsyncGenerator<Piece> {
  yield { content: `{"chat": ${pretty(chat)},\n"messages": [`, counts: { chats: 1 } }
  let comma = ''
  for await (const messages of pages) {
    yield { content: comma + messages.map((message) => `\n${pretty(message)}`).join(','), counts: { messages: messages.length } }
    comma = ','
  }
  yield { content: '\n]}\n' }
}

/** In the order of time. Messages are numbered, and one that does not follow the message before it says which one it follows. */
async function* asMarkdown({ chat }: StoredChat, pages: AsyncIterable<Message[]>): AsyncGenerator<Piece> {
  yield { content: `# ${oneLine(chat.description)}\n\nBegun ${chat.timeCreated}.${chat.deletedAt ? ' Deleted.' : ''}\n` }
  const numbers = new Map<MessageId, number>()
  for await (const messages of pages) {
    let text = ''
    for (const message of messages) {
      const number = numbers.size + 1
      numbers.set(message.id, number)
      const follows = message.parentId === null ? undefined : numbers.get(message.parentId)
      const branch = follows === undefined || follows === number - 1 ? '' : `, after message ${follows}`
      const writer = message.messageType === 'user' ? 'Question' : oneLine(message.modelName ?? message.model ?? 'Answer')
      text += `\n## ${number}. ${writer}\n\n*${message.timeCreated}${branch}*\n\n${textOf(message.parts)}\n${sources(message.parts)}`
    }
    yield { content: text }
  }
}

function sources(parts: readonly Part[]): string {
  return parts
    .map((part) => (part.type === 'citation' ? `\n[${part.number}] ${oneLine(part.source.title)}: “${oneLine(part.quote)}”\n` : ''))
    .join('')
}

const oneLine = (text: string) => text.replace(/\s+/g, ' ').trim()
