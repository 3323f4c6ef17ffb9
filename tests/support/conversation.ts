/** Asking, and following answers over real HTTP as a browser would, for the tests of chats and of what becomes of them when things break. */
import type { Chat, Message, PathMessage } from '#contract/chats.ts'
import type { Happening } from '#contract/events.ts'
import type { ChatId, MessageId, ProviderId } from '#contract/ids.ts'
import type { Path } from '#contract/tree.ts'
import type { ModelServer } from './model-server.ts'
import type { Answer, SignedIn, World } from './world.ts'

export interface Event {
  readonly id: string
  readonly event: string
  readonly data: {
    readonly text?: string
    readonly message?: Message
    readonly citation?: object
    readonly items?: readonly Happening[]
    /** Of an answer that is watched on the stream of events. */
    readonly answerId?: MessageId
    readonly at?: string
    readonly reason?: string
  }
}

export interface Asked {
  readonly chatId: ChatId
  readonly questionId: MessageId
  readonly answerId: MessageId
  /** The address of the answer; `/events` follows it, `/stop` stops it. */
  readonly path: string
}

/** Adds a provider with these models and answers how to name them. */
export async function offer(admin: SignedIn, server: ModelServer, names: readonly string[]): Promise<(name: string) => string> {
  const made = await admin.call<{ id: ProviderId }>('POST', '/api/providers', { name: 'Scripted', baseUrl: server.url, models: names })
  if (made.status !== 201) throw new Error(`the provider was not taken: ${made.text}`)
  return (name) => `${made.body.id}:${name}`
}

/** Begins a chat and asks in it; the answer goes on. */
export async function begin(person: SignedIn, question: { model: string; text: string }): Promise<Asked> {
  const chat = await person.call<Chat>('POST', '/api/chats', { model: question.model })
  return ask(person, chat.body.id, { text: question.text, parentId: null })
}

/** Asks in a chat; fails when the question is not taken. */
export async function ask(
  person: SignedIn,
  chatId: ChatId,
  question: { text: string; parentId: MessageId | null; model?: string },
): Promise<Asked> {
  const answer = await send(person, chatId, question)
  if (answer.status !== 202) throw new Error(`the question was not taken: ${answer.text}`)
  return asked(answer.body)
}

export interface Exchange {
  readonly question: Message
  readonly answer: Message
  readonly chat: Chat
}

/** Asks in a chat, and answers the reply as it is. */
export function send(
  person: Pick<SignedIn, 'call'>,
  chatId: string,
  question: { text: string; parentId: string | null; model?: string; idempotencyKey?: string },
): Promise<Answer<Exchange>> {
  return person.call<Exchange>('POST', `/api/chats/${chatId}/messages`, { idempotencyKey: crypto.randomUUID(), ...question })
}

export function asked({ question, answer }: Exchange): Asked {
  const { chatId } = answer
  return { chatId, questionId: question.id, answerId: answer.id, path: `/api/chats/${chatId}/generations/${answer.id}` }
}

/** Follows an answer to its end. */
export async function follow(person: SignedIn, answer: Asked, lastEventId?: string): Promise<Event[]> {
  const reply = await person.call(
    'GET',
    `${answer.path}/events`,
    undefined,
    lastEventId === undefined ? {} : { 'last-event-id': lastEventId },
  )
  if (reply.status !== 200) throw new Error(`the answer was not followed: ${reply.text}`)
  return eventsIn(reply.text)
}

/** The text that a reader has before them who had `before` and has read these events since. */
export const shown = (events: readonly Event[], before = '') =>
  events.reduce((text, { event, data }) => (event === 'rewind' ? text.slice(0, Number(data.text)) : text + (data.text ?? '')), before)

/** The message that the last event carries. */
export function doneOf(events: readonly Event[]): Message {
  const last = events.at(-1)
  if (last?.event !== 'done' || !last.data.message) throw new Error('the stream had no end')
  return last.data.message
}

export const textOf = (message: Message) => message.parts.map((part) => (part.type === 'text' ? part.text : '')).join('')

/** The messages of a chat with all its branches, the oldest first: path by path, each version's. */
export async function messagesOf(person: SignedIn, chatId: ChatId): Promise<Message[]> {
  const found = new Map<MessageId, PathMessage>()
  const ahead: (MessageId | null)[] = [null]
  for (const through of ahead) {
    if (through && found.has(through)) continue
    for (const message of await pathOf(person, chatId, through ? `through=${through}` : '')) {
      found.set(message.id, message)
      const { previousId, nextId } = message.versions
      ahead.push(...[previousId, nextId].filter((id) => id !== null && !found.has(id)))
    }
  }
  return [...found.values()].map(({ versions: _, ...message }) => message).sort((a, b) => a.id.localeCompare(b.id))
}

/** A whole path, the latest message first, page by page. */
export async function pathOf(person: SignedIn, chatId: ChatId, query = '', limit = 100): Promise<PathMessage[]> {
  const path: PathMessage[] = []
  let page: string | null = query
  while (page !== null) {
    const { status, body, text }: Answer<Path> = await person.call<Path>('GET', `/api/chats/${chatId}/messages?limit=${limit}&${page}`)
    if (status !== 200) throw new Error(`the path was not read: ${text}`)
    path.push(...body.items)
    page = body.next && `cursor=${body.next}`
  }
  return path
}

/** One message of a chat as it is kept. */
export async function messageOf(person: SignedIn, { chatId, answerId }: Asked): Promise<Message> {
  const found = (await messagesOf(person, chatId)).find(({ id }) => id === answerId)
  if (!found) throw new Error('the answer is not in the chat')
  return found
}

/** The schema of an organisation, for SQL as the superuser. */
export async function schemaOf(world: World, slug: 'acme' | 'globex'): Promise<string> {
  const { rows } = await world.sql<{ schema_name: string }>('select schema_name from control.tenant where slug = $1', [slug])
  return rows[0]?.schema_name ?? ''
}

/** A stream that is read while it is written. */
export interface LiveStream {
  readonly status: number
  /** What came so far. */
  readonly events: readonly Event[]
  /** Resolves once the server has ended the stream. */
  readonly ended: Promise<void>
  /** Hangs up. */
  close(): void
}

/** Opens the stream of an answer, or at `/api` that of all events, over a real connection; resolves with the head of the reply. */
export async function openStream(
  baseUrl: string,
  token: string,
  path: string,
  { lastEventId, watch }: { lastEventId?: string | undefined; watch?: string } = {},
): Promise<LiveStream> {
  const hangUp = new AbortController()
  const headers = { authorization: `Bearer ${token}`, ...(lastEventId === undefined ? {} : { 'last-event-id': lastEventId }) }
  const reply = await fetch(`${baseUrl}${path}/events${watch === undefined ? '' : `?watch=${watch}`}`, { headers, signal: hangUp.signal })
  const events: Event[] = []
  const read = async () => {
    let text = ''
    try {
      for await (const chunk of reply.body?.pipeThrough(new TextDecoderStream()) ?? []) {
        text += chunk
        const end = wholeIn(text)
        events.push(...eventsIn(text.slice(0, end)))
        text = text.slice(end)
      }
    } catch (error) {
      if (!hangUp.signal.aborted) throw error
    }
  }
  const ended = read()
  // A connection that breaks is heard of by whoever awaits the end, which may be later.
  ended.catch(() => undefined)
  return { status: reply.status, events, ended, close: () => hangUp.abort() }
}

/** How much of what a stream has sent is whole events. */
export function wholeIn(text: string): number {
  const end = text.lastIndexOf('\n\n')
  return end < 0 ? 0 : end + 2
}

/** The events in what a stream has sent. */
export function eventsIn(text: string): Event[] {
  return text
    .split('\n\n')
    .filter((block) => block.includes('data: '))
    .map((block) => {
      const fields = Object.fromEntries(
        block.split('\n').map((line) => [line.slice(0, line.indexOf(':')), line.slice(line.indexOf(':') + 2)]),
      )
      return { id: fields.id ?? '', event: fields.event ?? '', data: JSON.parse(fields.data ?? 'null') }
    })
}
