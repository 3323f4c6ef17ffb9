/** What the tests of events share: a stream that is followed, what it told, and things that happen without a server having a hand in it. */
import pg from 'pg'
import { expect } from 'vitest'
import type { Happening } from '#contract/events.ts'
import type { ChatId, ScopeId, UserId } from '#contract/ids.ts'
import { type LiveStream, openStream, schemaOf } from '#tests/support/conversation.ts'
import type { SignedIn, World } from '#tests/support/world.ts'

/** Follows the events of a person; resolves once everything that happens from now on is told. */
export async function followEvents(baseUrl: string, { token }: Pick<SignedIn, 'token'>, lastEventId?: string): Promise<LiveStream> {
  const stream = await openStream(baseUrl, token, '/api', { lastEventId })
  if (lastEventId === undefined) await expect.poll(() => stream.events[0]?.event, { interval: 5 }).toBe('opened')
  return stream
}

/** What happened, as far as a stream has told it, in order. */
export const toldBy = (stream: Pick<LiveStream, 'events'>): Happening[] => stream.events.flatMap(({ data }) => data.items ?? [])
/** Where to go on after what a stream has told. */
export const lastIdOf = (stream: Pick<LiveStream, 'events'>): string => stream.events.findLast(({ id }) => id !== '')?.id ?? ''
export const kindsOf = (stream: LiveStream, chatId: string) =>
  toldBy(stream)
    .filter((item) => item.chatId === chatId)
    .map(({ kind }) => kind)

/** Resolves once a stream has told of a chat in this way. */
export const hears = (stream: LiveStream, chatId: string, kind: Happening['kind']) =>
  expect.poll(() => kindsOf(stream, chatId), { timeout: 5_000, interval: 5 }).toContain(kind)

/** A chat that was begun from now on, and is told of: whatever was told before it has arrived. */
export async function sentinel(person: SignedIn, streams: readonly LiveStream[]): Promise<ChatId> {
  const { body } = await person.call<{ id: ChatId }>('POST', '/api/chats', {})
  for (const stream of streams) await hears(stream, body.id, 'chat.created')
  return body.id
}

/** The database as another program has it: it writes, and tells no server. */
export async function elsewhere(world: World) {
  const client = new pg.Client({ connectionString: world.url })
  await client.connect()
  const schema = await schemaOf(world, 'acme')
  return {
    begin: () => client.query('begin'),
    commit: () => client.query('commit'),
    rollback: () => client.query('rollback'),
    /** Adds a chat that nobody can open. */
    async addChat(userId: UserId, scopeId: string): Promise<ChatId> {
      const id = crypto.randomUUID() as ChatId
      await client.query(
        `insert into ${schema}.chat_session (id, user_id, scope_id, description, model, wrapped_key) values ($1, $2, $3, '', 'librarian', '')`,
        [id, userId, scopeId],
      )
      return id
    },
    /** Adds a scope with these people in it. */
    async addScope(...members: UserId[]): Promise<ScopeId> {
      const id = crypto.randomUUID() as ScopeId
      await client.query(`insert into ${schema}.scope (id, kind) values ($1, 'project')`, [id])
      for (const member of members) await this.join(id, member)
      return id
    },
    join: (scopeId: ScopeId, userId: UserId) =>
      client.query(`insert into ${schema}.scope_member (scope_id, user_id, role) values ($1, $2, 'contributor')`, [scopeId, userId]),
    leave: (scopeId: ScopeId, userId: UserId) =>
      client.query(`delete from ${schema}.scope_member where scope_id = $1 and user_id = $2`, [scopeId, userId]),
    change: (chatId: ChatId) => client.query(`update ${schema}.chat_session set time_updated = clock_timestamp() where id = $1`, [chatId]),
    move: (chatId: ChatId, scopeId: string) =>
      client.query(`update ${schema}.chat_session set scope_id = $2 where id = $1`, [chatId, scopeId]),
    erase: (chatId: ChatId) => client.query(`delete from ${schema}.chat_session where id = $1`, [chatId]),
    sql: (text: string, values?: unknown[]) => client.query(text.replaceAll('{schema}', schema), values),
    close: () => client.end(),
  }
}
export type Elsewhere = Awaited<ReturnType<typeof elsewhere>>
