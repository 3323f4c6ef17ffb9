/** The server as its own process, through what happens to processes: killed in the middle of an answer, told to stop, started twice or wrongly. */
import { execFile } from 'node:child_process'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { type AddressInfo, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Me } from '#contract/accounts.ts'
import type { Problem } from '#contract/errors.ts'
import { PASSWORD } from '#tests/support/cast.ts'
import {
  type Asked,
  asked,
  begin,
  doneOf,
  type Exchange,
  follow,
  messageOf,
  messagesOf,
  offer,
  openStream,
  shown,
  textOf,
} from '#tests/support/conversation.ts'
import { type ModelServer, startModelServer } from '#tests/support/model-server.ts'
import { type ServerProcess, startProcess } from '#tests/support/process.ts'
import { type Answer, codeOf, type SignedIn } from '#tests/support/world.ts'

const QUESTION = 'one two three four five six seven eight'
const FIRST_HALF = 'one two three four '

let directory: string
let dataDir: string
let models: ModelServer
let server: ServerProcess
let admin: SignedIn
let model: (name: string) => string

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'sardonyx-process-'))
  dataDir = join(directory, 'data')
  models = await startModelServer()
  await start()
  const setUp = await call<{ token: string; me: Me }>('POST', '/api/setup', undefined, {
    code: server.setupCode,
    organisation: 'Initech',
    name: 'Peter Gibbons',
    email: 'peter@initech.test',
    password: PASSWORD,
    deliver: 'token',
  })
  expect(setUp.status).toBe(201)
  const { token, me } = setUp.body
  admin = { me, token, call: (method, path, body, headers) => call(method, path, token, body, headers) }
  model = await offer(admin, models, ['echo', 'slow'])
})
afterAll(async () => {
  await server.end('SIGTERM')
  await models.close()
  await rm(directory, { recursive: true, force: true })
})

async function start(): Promise<void> {
  server = await startProcess({ dataDir, args: ['--egress-allow', models.allow] })
}

async function call<T>(
  method: string,
  path: string,
  token?: string,
  body?: unknown,
  headers: Record<string, string> = {},
): Promise<Answer<T>> {
  const reply = await fetch(`${server.address}${path}`, {
    method,
    headers: {
      ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      ...headers,
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  })
  const text = await reply.text()
  const isJson = reply.headers.get('content-type')?.includes('json') && text !== ''
  return { status: reply.status, text, body: (isJson ? JSON.parse(text) : text) as T, headers: Object.fromEntries(reply.headers) }
}

/** Asks the slow model and waits until a reader has half of its answer. */
async function half(): Promise<Asked> {
  const answer = await begin(admin, { model: model('slow'), text: QUESTION })
  const stream = await openStream(server.address, admin.token, answer.path)
  await expect.poll(() => shown(stream.events)).toBe(FIRST_HALF)
  stream.close()
  return answer
}

const postmaster = async () => Number((await readFile(join(dataDir, 'postgres', 'cluster', 'postmaster.pid'), 'utf8')).split('\n')[0])

test('the terminal shows a setup code, where to go, and that the keyring should be copied', () => {
  expect(server.setupCode).toMatch(/^[2-9A-HJ-NP-Z]{4}-[2-9A-HJ-NP-Z]{4}-[2-9A-HJ-NP-Z]{4}$/)
  expect(server.output()).toContain(`A keyring was made in ${join(dataDir, 'keyring')}.`)
  expect(server.output()).toContain(`Open ${server.address}/setup and enter the setup code.`)
})

test('a second server on the same directory is refused with the reason, and harms nothing', async () => {
  const refusal = await startProcess({ dataDir }).then(
    async (second) => `started ${await second.end('SIGKILL')}`,
    (error: Error) => error.message,
  )
  expect(refusal).toMatch(new RegExp(`^the server ended with 1: .*in use by another Sardonyx server \\(process ${server.pid}\\)`, 's'))
  expect(refusal).not.toMatch(/\n\s+at /)
  expect((await admin.call('GET', '/api/me')).status).toBe(200)
})

describe('killed in the middle of an answer', { timeout: 40_000 }, () => {
  let answer: Asked
  test('it loses neither the question, nor the text up to the last checkpoint, nor the login', async () => {
    answer = await half()
    await expect.poll(async () => textOf(await messageOf(admin, answer))).toBe(FIRST_HALF)
    await server.end('SIGKILL')
    await start()
    expect(server.setupCode).toBeUndefined()
    const [question, kept] = await messagesOf(admin, answer.chatId)
    expect([textOf(question!), textOf(kept!)]).toEqual([QUESTION, FIRST_HALF])
    await expect.poll(async () => (await messageOf(admin, answer)).status).toBe('interrupted')
  })

  test('whoever follows the answer is told that it was interrupted', async () => {
    const events = await follow(admin, answer)
    expect([shown(events), doneOf(events).status]).toEqual([FIRST_HALF, 'interrupted'])
  })

  test('the question can be answered again', async () => {
    const again = await admin.call<Exchange>('POST', `/api/chats/${answer.chatId}/generations`, {
      questionId: answer.questionId,
      model: model('echo'),
    })
    expect(doneOf(await follow(admin, asked(again.body)))).toMatchObject({ status: 'complete', parts: [{ type: 'text', text: QUESTION }] })
    models.release()
  })
})

test('told to stop, it keeps running answers as interrupted, and ends well', { timeout: 40_000 }, async () => {
  const answer = await half()
  expect(await server.end('SIGTERM')).toBe(0)
  models.release()
  await start()
  const kept = await messageOf(admin, answer)
  expect([kept.status, textOf(kept)]).toEqual(['interrupted', FIRST_HALF])
})

test('when PostgreSQL is killed under load, requests say so in a sentence, and all goes on without a restart', {
  timeout: 40_000,
}, async () => {
  const answer = await half()
  const answers: Answer[] = []
  let over = false
  const load = Array.from({ length: 6 }, async () => {
    while (!over) {
      answers.push(await admin.call('GET', '/api/chats'), await admin.call('POST', '/api/chats', {}))
      await pause(5)
    }
  })
  await pause(200)
  const before = await postmaster()
  process.kill(before, 'SIGKILL')
  models.release()
  await expect.poll(async () => (await admin.call('POST', '/api/chats', {})).status, { timeout: 15_000 }).toBe(201)
  await pause(300)
  over = true
  await Promise.all(load)
  expect(await postmaster()).not.toBe(before)
  const failed = answers.filter(({ status }) => status >= 400)
  expect(failed.length).toBeGreaterThan(0)
  for (const one of failed)
    expect([one.status, codeOf(one), (one.body as Problem).detail]).toEqual([503, 'server.unavailable', expect.stringMatching(/database/)])
  expect(answers.at(-1)?.status).toBe(201)
  await expect.poll(async () => (await messageOf(admin, answer)).status, { timeout: 15_000 }).toBe('complete')
  expect(textOf(await messageOf(admin, answer))).toBe(QUESTION)
})

test('nothing that was typed, and no token, is in what it wrote', () => {
  for (const secret of [QUESTION, PASSWORD, admin.token, 'peter@initech.test']) expect(server.output()).not.toContain(secret)
})

/** Each command that opens the database starts and ends it, which takes seconds on a busy machine. */
const UNHURRIED_MS = 90_000

describe('commands', { timeout: UNHURRIED_MS }, () => {
  const MAIN = fileURLToPath(new URL('../../src/server/main.ts', import.meta.url))

  async function sardonyx(args: string[], env: Record<string, string> = {}): Promise<{ code: number; out: string; err: string }> {
    const run = promisify(execFile)(process.execPath, [MAIN, ...args], { env: { PATH: process.env.PATH, ...env } })
    return run.then(
      ({ stdout, stderr }) => ({ code: 0, out: stdout, err: stderr }),
      (error: { code: number; stdout: string; stderr: string }) => ({ code: error.code, out: error.stdout, err: error.stderr }),
    )
  }

  test('organisations are founded and listed, and migrating twice changes nothing', async () => {
    expect(await server.end('SIGTERM')).toBe(0)
    const at = ['--data-dir', dataDir]
    const founded = await sardonyx([
      'tenant',
      'create',
      ...at,
      '--name',
      'Hooli XYZ',
      '--admin-name',
      'Gavin Belson',
      '--admin-email',
      'gavin@hooli.test',
    ])
    expect(founded).toMatchObject({ code: 0, out: expect.stringMatching(/joins at\nhttp:\/\/localhost:4700\/invitation#/) })
    const twice = await sardonyx([
      'tenant',
      'create',
      ...at,
      '--name',
      'Hooli XYZ',
      '--admin-name',
      'Gavin Belson',
      '--admin-email',
      'gavin@hooli.test',
    ])
    expect(twice).toEqual({ code: 1, out: '', err: 'There is an organisation with the short name hooli-xyz already.\n' })
    const listed = await sardonyx(['tenant', 'list', ...at])
    expect(listed.out).toMatch(/^hooli-xyz\tHooli XYZ\t\d{4}_\w+\.sql\ninitech\tInitech\t\d{4}_\w+\.sql\n$/)
    expect(await sardonyx(['migrate', ...at])).toMatchObject({ code: 0, out: 'Everything is up to date.\n' })

    await start()
    const token = founded.out.trim().split('#')[1]
    const joined = await call<{ me: Me }>('POST', '/api/invitations/accept', undefined, { token, password: 'nucleus horse battery staple' })
    expect(joined.body.me).toMatchObject({ user: { role: 'admin' }, organisation: { slug: 'hooli-xyz' } })
    expect((await admin.call('GET', '/api/me')).status).toBe(200)
  })

  const nowhere = () => ['--data-dir', join(directory, 'never')]
  test.each<[string, string[], Record<string, string>, RegExp]>([
    ['an unknown setting', [], { SARDONYX_PROT: '1' }, /^There is no setting SARDONYX_PROT\. Did you mean SARDONYX_PORT\?$/],
    ['an unknown option', ['--prot', '1'], {}, /--prot/],
    ['a database that is not there', [], { DATABASE_URL: 'postgres://localhost:1/none' }, /database/i],
  ])('%s is one clear sentence', async (_, args, env, sentence) => {
    const { code, err } = await sardonyx([...args, ...nowhere()], env)
    expect(err.trim()).toMatch(sentence)
    expect(err).not.toMatch(/\n\s+at |node:internal|ZodError/)
    expect(code).toBe(1)
  })

  test('a port in use is one clear sentence, which names another', async () => {
    const holder = createServer().listen(0, '127.0.0.1')
    await new Promise((resolve) => holder.once('listening', resolve))
    const { port } = holder.address() as AddressInfo
    const { code, err } = await sardonyx(['--port', String(port), '--data-dir', join(directory, 'other')])
    holder.close()
    expect(err).toBe(`Port ${port} is in use. Stop what uses it, or give another one: npm start -- --port ${port + 1}\n`)
    expect(code).toBe(1)
  })
})
