/** A world of one's own for a test file: a clone of the template database, a server on it, and the cast signed in. */
import { randomBytes } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import pg from 'pg'
import { inject } from 'vitest'
import type { Me } from '#contract/accounts.ts'
import type { Problem } from '#contract/errors.ts'
import type { ChatId, MessageId } from '#contract/ids.ts'
import type { FailuresAllowed } from '#server/auth/limits.ts'
import type { SetupCode } from '#server/auth/setup-code.ts'
import { readConfig } from '#server/config.ts'
import type { Certificate } from '#server/http/certificate.ts'
import type { StreamTimes } from '#server/http/events.ts'
import { InProcessStore } from '#server/isolation/cache.ts'
import { type Clock, systemClock } from '#server/kernel/clock.ts'
import { connect } from '#server/ops/installation.ts'
import { createServer, type Server } from '#server/server.ts'
import { PASSWORD, PEOPLE, type Person, testInstallation } from './cast.ts'
import { withDatabase } from './global-setup.ts'
import { HeldQueue } from './held-queue.ts'
import { mailIn } from './mail.ts'
import { KeptLog } from './quiet-log.ts'

/** A reply of the server, read. */
export interface Answer<T = unknown> {
  readonly status: number
  readonly body: T
  readonly text: string
  /** The body as it came, where it was not read over a network. */
  readonly bytes?: Buffer
  readonly headers: Record<string, string | string[] | number | undefined>
}

export interface SignedIn {
  readonly me: Me
  readonly token: string
  /** Calls an endpoint as this person. */
  call<T = unknown>(method: string, path: string, body?: unknown, headers?: Record<string, string>): Promise<Answer<T>>
}

export type World = Awaited<ReturnType<typeof createWorld>>

export interface WorldOptions {
  readonly clock?: Clock
  readonly egressAllow?: string
  /** Where people reach the server; over https its cookie is another one. */
  readonly baseUrl?: string
  /** With one, the server speaks TLS itself. */
  readonly certificate?: Certificate
  /** Further settings, named as on the command line. */
  readonly settings?: Readonly<Record<string, string>>
  readonly setupCode?: SetupCode
  readonly streamTimes?: StreamTimes
  /** As many as a test happens to need unless it says a number. */
  readonly failuresAllowed?: FailuresAllowed
  /** Begin from nothing but a migrated database: no organisation, nobody. */
  readonly empty?: boolean
  /** A copy of the usual keyring, for tests that change it. */
  readonly keyringDirectory?: string
  readonly pool?: { app: number; worker: number; auth: number }
}

/** Makes a world; the caller closes it. */
export async function createWorld(options: WorldOptions = {}) {
  const url = await cloneTemplate()
  const installation = await testInstallation({ url, keyringDirectory: options.keyringDirectory ?? inject('keyringDirectory') })
  if (options.empty) await superuser(url, (client) => client.query('delete from control.tenant'))
  const log = new KeptLog()
  const database = connect(installation, log, options.pool ?? { app: 5, worker: 3, auth: 3 })
  const dataDir = await mkdtemp(join(tmpdir(), 'sardonyx-world-'))
  const config = readConfig(
    {
      'data-dir': dataDir,
      'egress-allow': options.egressAllow ?? '',
      'requests-per-login': '0',
      'requests-per-network': '0',
      'finish-answers-s': '0',
      ...(options.baseUrl ? { 'base-url': options.baseUrl } : {}),
      ...options.settings,
    },
    {},
  )
  const cache = new InProcessStore(options.clock ?? systemClock)
  const queue = new HeldQueue()
  const newServer = (): Promise<Server> =>
    createServer({
      installation,
      config,
      database,
      log,
      cache,
      queue,
      setupCode: options.setupCode,
      certificate: options.certificate,
      failuresAllowed: options.failuresAllowed ?? { perAccount: 1_000, perAddress: 1_000 },
      ...(options.clock ? { clock: options.clock } : {}),
      ...(options.streamTimes ? { streamTimes: options.streamTimes } : {}),
    })
  const server = await newServer()

  const call = async <T>(
    method: string,
    path: string,
    given: { body?: unknown; headers?: Record<string, string> } = {},
  ): Promise<Answer<T>> => {
    const reply = await server.app.inject({
      method: method as 'GET',
      url: path,
      headers: { ...(given.body === undefined ? {} : { 'content-type': 'application/json' }), ...given.headers },
      ...(given.body === undefined ? {} : { payload: typeof given.body === 'string' ? given.body : JSON.stringify(given.body) }),
    })
    const isJson = String(reply.headers['content-type'] ?? '').includes('json')
    return {
      status: reply.statusCode,
      body: (isJson && reply.body !== '' ? JSON.parse(reply.body) : reply.body) as T,
      text: reply.body,
      bytes: reply.rawPayload,
      headers: reply.headers,
    }
  }

  const signIn = async (person: Person): Promise<SignedIn> => {
    const { email, tenant } = PEOPLE[person]
    const answer = await call<{ me: Me; token: string }>('POST', '/api/auth/sign-in', {
      body: { email, password: PASSWORD, organisation: tenant, deliver: 'token' },
    })
    if (answer.status !== 200) throw new Error(`${person} could not sign in: ${answer.text}`)
    const { me, token } = answer.body
    return {
      me,
      token,
      call: (method, path, body, headers) => call(method, path, { body, headers: { ...headers, authorization: `Bearer ${token}` } }),
    }
  }

  return {
    url,
    database,
    server,
    cache,
    log,
    installation,
    config,
    queue,
    mail: mailIn(config.mail.folder),
    call,
    signIn,
    /** Runs SQL as the superuser, whom no policy binds. */
    sql: <R extends pg.QueryResultRow>(text: string, values?: unknown[]) => superuser(url, (client) => client.query<R>(text, values)),
    async close() {
      await server.close()
      await database.close()
      await rm(dataDir, { recursive: true })
      await superuser(inject('postgresUrl'), (client) =>
        client.query(`drop database if exists ${new URL(url).pathname.slice(1)} with (force)`),
      )
    },
  }
}

/** A fresh clone of the template; answers the superuser's connection string to it. */
export async function cloneTemplate(): Promise<string> {
  const name = `sardonyx_${randomBytes(6).toString('hex')}`
  const url = inject('postgresUrl')
  await superuser(url, (client) => client.query(`create database ${name} template ${inject('templateDatabase')}`))
  return withDatabase(url, name)
}

/** Runs `work` on one connection of the superuser. */
export async function superuser<T>(url: string, work: (client: pg.Client) => Promise<T>): Promise<T> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  try {
    return await work(client)
  } finally {
    await client.end()
  }
}

export interface AskedChat {
  readonly chatId: ChatId
  readonly questionId: MessageId
  readonly answerId: MessageId
}

/** Begins a chat with a title, asks something in it, and waits until the answer is kept. */
export async function chatOf(person: SignedIn, chat: { description: string; question: string; model?: string }): Promise<AskedChat> {
  const made = await person.call<{ id: ChatId }>('POST', '/api/chats', {
    description: chat.description,
    ...(chat.model ? { model: chat.model } : {}),
  })
  const chatId = made.body.id
  const asked = await person.call<{ question: { id: MessageId }; answer: { id: MessageId } }>('POST', `/api/chats/${chatId}/messages`, {
    text: chat.question,
    parentId: null,
    idempotencyKey: crypto.randomUUID(),
  })
  if (asked.status !== 202) throw new Error(`the question was not taken: ${asked.text}`)
  const answerId = asked.body.answer.id
  await person.call('GET', `/api/chats/${chatId}/generations/${answerId}/events`)
  return { chatId, questionId: asked.body.question.id, answerId }
}

/** The code of a problem reply. */
export function codeOf(answer: Answer): string {
  return (answer.body as Problem).code
}
