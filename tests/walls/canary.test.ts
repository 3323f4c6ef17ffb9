/**
 * What a person typed, what a model answered, and what proves who somebody is: none of it is in any byte of the database's files (its
 * write-ahead log among them), its tables, the cache, or anything that the server or PostgreSQL said. On a cluster of its own.
 */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Me } from '#contract/accounts.ts'
import type { Provider } from '#contract/models.ts'
import { readConfig } from '#server/config.ts'
import { InProcessStore } from '#server/isolation/cache.ts'
import type { Database } from '#server/isolation/database.ts'
import { schemaName } from '#server/isolation/tables.ts'
import { systemClock } from '#server/kernel/clock.ts'
import { errorFields } from '#server/kernel/log.ts'
import { type Embedded, startEmbedded } from '#server/ops/embedded-postgres.ts'
import { connect } from '#server/ops/installation.ts'
import { filesUnder, formsOf } from '#tests/support/canaries.ts'
import { castInto, PASSWORD, PEOPLE, type Person, testInstallation } from '#tests/support/cast.ts'
import { PIXELS } from '#tests/support/examples.ts'
import { mailIn } from '#tests/support/mail.ts'
import { type ModelServer, startModelServer } from '#tests/support/model-server.ts'
import { KeptLog } from '#tests/support/quiet-log.ts'
import { chatOf, type SignedIn, superuser } from '#tests/support/world.ts'
import { actorOf, serverOver } from './attack.ts'

const canary = (kind: string) => `canary-${kind}-${Math.random().toString(36).slice(2, 12)}`
const SECRET = {
  title: canary('title'),
  renamed: canary('renamed'),
  question: canary('question'),
  answer: canary('answer'),
  draft: canary('draft'),
  model: canary('refusal'),
  broken: canary('broken'),
  provider: canary('provider'),
  key: canary('key'),
  otherKey: canary('other-key'),
  password: PASSWORD,
}
/** Documented as being in the clear: the directory. That it is found shows that the search would find the others. */
const IN_THE_CLEAR = `Erin ${canary('name')}`

let directory: string
let embedded: Embedded
let database: Database
let models: ModelServer
let server: Awaited<ReturnType<typeof serverOver>>
const log = new KeptLog()
const cache = new InProcessStore(systemClock)
const secrets: Record<string, string> = { ...SECRET }
let tenant: string

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'sardonyx-canary-'))
  embedded = await startEmbedded({ dataDir: join(directory, 'postgres'), log })
  const of = { url: embedded.url, keyringDirectory: join(directory, 'keyring') }
  await castInto(of)
  const installation = await testInstallation(of)
  models = await startModelServer()
  database = connect(installation, log, { app: 3, worker: 2, auth: 2 })
  server = await serverOver({ installation, config: config(), log, cache }, database)
  await live()
  await superuser(embedded.url, (client) => client.query('checkpoint'))
})
afterAll(async () => {
  await server.close()
  await database.close()
  await models.close()
  await embedded.stop()
  await rm(directory, { recursive: true, force: true })
})

const config = () => readConfig({ 'egress-allow': models.allow, 'data-dir': directory }, {})

async function signIn(person: Person): Promise<SignedIn> {
  const { email, tenant: organisation } = PEOPLE[person]
  const body = { email, password: PASSWORD, organisation, deliver: 'token' }
  const { body: signed } = await server.as({ token: '' } as SignedIn)<{ me: Me; token: string }>('POST', '/api/auth/sign-in', body)
  const call: SignedIn['call'] = (method, path, sent, headers) => server.as(signed as SignedIn)(method, path, sent, headers)
  return { ...signed, call }
}

/** Does everything that takes in what somebody typed, the failures included. */
async function live(): Promise<void> {
  const alice = await signIn('alice')
  const carol = await signIn('carol')
  tenant = schemaName(alice.me.organisation.id)
  secrets.token = alice.token
  await carol.call('POST', '/api/members', { name: IN_THE_CLEAR, email: 'erin@acme.test' })
  secrets.invitation = (await mailIn(config().mail.folder).last('erin@acme.test')).token.split('.')[1]!
  const provider = { name: SECRET.provider, baseUrl: models.url, apiKey: SECRET.key, models: ['echo'] }
  const { id } = (await carol.call<Provider>('POST', '/api/providers', provider)).body
  await carol.call('PATCH', `/api/providers/${id}`, { apiKey: SECRET.otherKey })
  await carol.call('POST', '/api/providers/test', { baseUrl: models.url, apiKey: SECRET.key, model: 'wrong-key' })

  models.script({ text: `The answer is ${SECRET.answer}.` })
  const model = `${id}:echo`
  const chat = await chatOf(alice, { description: SECRET.title, question: `What of ${SECRET.question}?`, model })
  await alice.call('PATCH', `/api/chats/${chat.chatId}`, { description: SECRET.renamed })
  for (const text of [`Not ${SECRET.draft}`, SECRET.draft]) await alice.call('PATCH', `/api/drafts/${chat.chatId}`, { text })
  models.script({ status: 400, message: `Your words ${SECRET.model} were refused.` })
  await chatOf(alice, { description: SECRET.title, question: SECRET.question, model })
  for (const way of ['malformed', 'mid-error', 'cut', 'not-json'] as const) {
    models.script(way)
    await chatOf(alice, { description: SECRET.title, question: `${SECRET.broken} ${SECRET.question}`, model })
  }
  models.script({ status: 500, message: SECRET.model }, { status: 500, message: SECRET.model }, { status: 500, message: SECRET.model })
  await chatOf(alice, { description: SECRET.title, question: SECRET.question, model })
  // The Librarian quotes what was said before.
  await chatOf(alice, { description: SECRET.title, question: `Where was ${SECRET.question}?` })
  await alice.call('POST', '/api/me/picture', { picture: PIXELS })
  await badRequests(alice)
}

/** Content in requests that fail, at every depth at which one can. */
async function badRequests(alice: SignedIn): Promise<void> {
  const chats = '/api/chats'
  await alice.call('POST', chats, { description: `${SECRET.title}\u0000` })
  await alice.call('POST', chats, { title: SECRET.title })
  await alice.call('GET', `${chats}/${SECRET.title}`)
  await alice.call('PATCH', `/api/drafts/${SECRET.draft}`, { text: SECRET.draft })
  await alice.call('GET', `${chats}?cursor=${SECRET.title}`)
  await alice.call('POST', chats, { description: 'x', model: SECRET.question })
  const { tenantId, tokenHash } = actorOf(alice)
  const enter = { text: `select * from ${schemaName(tenantId)}.enter($1, true)`, values: [tokenHash] }
  for (const text of [
    'select 1 / (length($1) - length($1))',
    'select $1::uuid',
    'select $1::jsonb',
    `insert into ${tenant}.chat_session (id) values ($1)`,
  ])
    await database.fly('app', [enter, { text, values: [SECRET.question] }]).catch(() => undefined)
}

const foundIn = (text: string, of: Record<string, string> = secrets) =>
  Object.entries(of)
    .filter(([, secret]) => formsOf(secret).some((form) => text.includes(form)))
    .map(([name]) => name)

test('it was all taken in: the one who typed it reads it', async () => {
  const alice = await signIn('alice')
  const { body } = await alice.call<{ items: { id: string; description: string }[] }>('GET', '/api/chats')
  expect(body.items.map(({ description }) => description)).toEqual(expect.arrayContaining([SECRET.title, SECRET.renamed]))
  const texts = await Promise.all(body.items.map(async ({ id }) => (await alice.call('GET', `/api/chats/${id}/messages`)).text))
  expect(foundIn(texts.join(), { question: SECRET.question, answer: SECRET.answer, broken: SECRET.broken })).toHaveLength(3)
  expect((await alice.call('GET', '/api/drafts')).text).toContain(SECRET.draft)
  expect((await (await signIn('carol')).call('GET', '/api/providers')).text).toContain(SECRET.provider)
})

describe('it is in no', () => {
  test('file of the cluster, while what is in the clear is found there', async () => {
    const files = await filesUnder(join(directory, 'postgres', 'cluster'))
    expect(files.length).toBeGreaterThan(500)
    expect(files.filter(({ text }) => foundIn(text).length > 0).map(({ path, text }) => [path, foundIn(text)])).toEqual([])
    const clear = files.filter(({ text }) => foundIn(text, { name: IN_THE_CLEAR }).length > 0).map(({ path }) => path)
    expect(clear.some((path) => path.includes('/base/'))).toBe(true)
    expect(clear.some((path) => path.includes('/pg_wal/'))).toBe(true)
  })

  test('file of the cluster, as bytes: the picture that others are shown', async () => {
    const alice = await signIn('alice')
    const shown = (await alice.call('GET', `/api/members/${alice.me.user.id}/picture`)).bytes!
    // Behind the head, which every such file begins with.
    const bytes = shown.subarray(40).toString('latin1')
    expect(bytes.length).toBeGreaterThan(40)
    const files = await filesUnder(join(directory, 'postgres', 'cluster'))
    expect(files.filter(({ text }) => text.includes(bytes)).map(({ path }) => path)).toEqual([])
  })

  test('row of any table, copied out by the superuser', async () => {
    await superuser(embedded.url, async (client) => {
      const { rows } = await client.query(
        `select format('%I.%I', schemaname, tablename) as name from pg_tables where schemaname like 't\\_%' or schemaname = 'control'`,
      )
      expect(rows.length).toBeGreaterThan(30)
      let everything = ''
      for (const { name } of rows)
        everything += (await client.query(`select coalesce(string_agg(t::text, ' '), '') as text from ${name} t`)).rows[0].text
      expect(foundIn(everything)).toEqual([])
      expect(foundIn(everything, { name: IN_THE_CLEAR })).toEqual(['name'])
    })
  })

  test('line that the server or PostgreSQL said', () => {
    const said = log.lines.join('\n')
    expect(said).toContain('a model did not answer')
    expect(foundIn(said)).toEqual([])
  })

  test('log of an error whose message quotes it', async () => {
    const parsing = await new Response(SECRET.question).json().catch((error: unknown) => error)
    const querying = await superuser(embedded.url, (client) => client.query('select $1::int', [SECRET.question])).catch(
      (error: unknown) => error,
    )
    for (const error of [parsing, querying]) {
      expect((error as Error).message).toContain('canary')
      expect(foundIn(JSON.stringify(errorFields(new Error('it did not work', { cause: error }))))).toEqual([])
    }
  })

  test('entry of the cache', async () => {
    const entries = await Promise.all(cache.keys().map(async (key) => `${key} ${await cache.get(key)}`))
    expect(entries.length).toBeGreaterThan(0)
    expect(foundIn(entries.join('\n'))).toEqual([])
  })

  test('form that the search would overlook', () => {
    for (const secret of Object.values(SECRET)) {
      for (const before of ['', 'a', 'ab', 'abc']) {
        const text = Buffer.from(`${before}${secret}, and more`)
        for (const form of ['base64', 'base64url', 'hex', 'latin1'] as const)
          expect(foundIn(text.toString(form), { secret })).toEqual(['secret'])
      }
    }
  })
})
