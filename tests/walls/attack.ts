/**
 * What the proofs of the walls share: connections that one wall or another does not hold, and the attacks. Walls come down only here,
 * in test processes and on scratch databases; the product has no switch for it.
 */
import type { Compilable } from 'kysely'
import pg from 'pg'
import type { MessageId, ScopeId, TenantId } from '#contract/ids.ts'
import { tokenHash } from '#server/auth/tokens/token.ts'
import type { Actor } from '#server/isolation/actor.ts'
import { Database, type DatabaseRole } from '#server/isolation/database.ts'
import { mintActor } from '#server/isolation/mint.ts'
import { createServer } from '#server/server.ts'
import { PIXELS } from '#tests/support/examples.ts'
import { type Answer, type AskedChat, chatOf, type SignedIn, type World } from '#tests/support/world.ts'

/** What Alice typed, and nobody else may read. */
export const SECRET = {
  title: 'Merger with Initech',
  question: 'When does the merger with Initech close?',
  draft: 'Does Initech know',
} as const

/** Alice's chat, with a question and its answer, and the draft of another one; and her picture, which the directory shows. */
export async function secretChat(alice: SignedIn): Promise<AskedChat> {
  const chat = await chatOf(alice, { description: SECRET.title, question: SECRET.question })
  await alice.call('PATCH', `/api/drafts/${chat.chatId}`, { text: SECRET.draft })
  await alice.call('POST', '/api/me/picture', { picture: PIXELS })
  return chat
}

/** The actor of a signed-in person, as authentication would mint it; `changes` makes it a stale or a forged one. */
export function actorOf(person: SignedIn, changes: { readScopes?: readonly string[]; tenantId?: TenantId } = {}): Actor {
  const scopes = (changes.readScopes ?? [person.me.personalScopeId]) as ScopeId[]
  return mintActor({
    tenantId: changes.tenantId ?? person.me.organisation.id,
    userId: person.me.user.id,
    role: person.me.user.role,
    sessionId: person.me.session.id,
    abilities: null,
    isProven: false,
    isRestricted: false,
    isOvertaken: false,
    tokenHash: tokenHash(person.token),
    readScopes: scopes,
    writeScopes: scopes,
    expiresAtMs: Date.parse(person.me.session.expiresAt),
  })
}

/** The connection string of one of the product's roles. */
function urlOf({ url, installation }: World, role: DatabaseRole): string {
  const changed = new URL(url)
  changed.username = `${installation.secrets.prefix}_${role}`
  changed.password = installation.secrets.password(role)
  return changed.toString()
}

/** A database whose every connection is the superuser's: no policy and no grant holds it. */
export function withoutRowSecurity({ url }: World): Database {
  return new Database({ urls: { app: url, worker: url, auth: url }, size: { app: 3, worker: 3, auth: 3 }, onIdleError: () => undefined })
}

/** Runs `work` on one connection of a role, by the simple protocol, in which anything goes. */
export async function asRole<T>(world: World, role: DatabaseRole, work: (client: pg.Client) => Promise<T>): Promise<T> {
  const client = new pg.Client({ connectionString: urlOf(world, role) })
  await client.connect()
  try {
    return await work(client)
  } finally {
    await client.end()
  }
}

/** A second server of the world over another database. Answers how a person of the world calls it; the tokens are the same. */
export async function serverOver(world: Pick<World, 'installation' | 'config' | 'log' | 'cache'>, database: Database) {
  const { installation, config, log, cache } = world
  const server = await createServer({ installation, config, database, log, cache, setupCode: undefined })
  return {
    close: () => server.close(),
    as:
      (person: SignedIn): SignedIn['call'] =>
      async <T>(method: string, path: string, body?: unknown, headers?: Record<string, string>): Promise<Answer<T>> => {
        const reply = await server.app.inject({
          method: method as 'GET',
          url: path,
          headers: {
            ...headers,
            authorization: `Bearer ${person.token}`,
            ...(body === undefined ? {} : { 'content-type': 'application/json' }),
          },
          ...(body === undefined ? {} : { payload: JSON.stringify(body) }),
        })
        const isJson = String(reply.headers['content-type'] ?? '').includes('json')
        return {
          status: reply.statusCode,
          body: (isJson ? JSON.parse(reply.body) : reply.body) as T,
          text: reply.body,
          bytes: reply.rawPayload,
          headers: reply.headers,
        }
      },
  }
}

/** Raw SQL as the builder would hand it over, for a unit of work to run: what an injection would amount to. */
export function raw<O = Record<string, unknown>>(text: string, ...parameters: unknown[]): Compilable<O> {
  return { compile: () => ({ sql: text, parameters }) } as unknown as Compilable<O>
}

/** The code that PostgreSQL, or else the product, refused an attempt with. */
export function refusalOf(attempt: Promise<unknown>): Promise<string> {
  return attempt.then(
    () => 'not refused',
    (error: { code?: string; message: string }) => error.code ?? error.message,
  )
}

/** Every way the interface offers to reach a chat and its answer, from the harmless to the harmful. */
export function attacksOn({ chatId, questionId, answerId }: AskedChat): { name: string; run(call: SignedIn['call']): Promise<Answer> }[] {
  const chat = `/api/chats/${chatId}`
  return [
    { name: 'reads the chat', run: (call) => call('GET', chat) },
    { name: 'reads its messages', run: (call) => call('GET', `${chat}/messages`) },
    { name: 'follows its answer', run: (call) => call('GET', `${chat}/generations/${answerId}/events`) },
    { name: 'stops its answer', run: (call) => call('POST', `${chat}/generations/${answerId}/stop`) },
    { name: 'continues its answer', run: (call) => call('POST', `${chat}/generations/${answerId}/continue`) },
    { name: 'renames it', run: (call) => call('PATCH', chat, { description: 'Mine now' }) },
    { name: 'asks in it', run: (call) => call('POST', `${chat}/messages`, question(null)) },
    { name: 'asks behind its answer', run: (call) => call('POST', `${chat}/messages`, question(answerId)) },
    { name: 'has it answered again', run: (call) => call('POST', `${chat}/generations`, { questionId }) },
    { name: 'deletes it', run: (call) => call('DELETE', chat) },
    { name: 'restores it', run: (call) => call('POST', `${chat}/restore`) },
  ]
}

function question(parentId: MessageId | null) {
  return { text: 'And at what price?', parentId, idempotencyKey: crypto.randomUUID() }
}
