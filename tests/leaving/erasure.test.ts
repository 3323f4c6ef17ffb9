/** Erasure: the key first, then everything of the person and nothing of anybody else's, taken up wherever it was left. */
import { createSecretKey } from 'node:crypto'
import { mkdir, rm, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import type { TenantId, UserId } from '#contract/ids.ts'
import type { Erasure } from '#contract/leaving.ts'
import { Letters } from '#server/auth/letters.ts'
import { createLogin } from '#server/auth/login.ts'
import { OPERATOR } from '#server/auth/security-log.ts'
import { Jobs } from '#server/isolation/jobs.ts'
import { deriveKey, open } from '#server/isolation/keys/seal.ts'
import { schemaName } from '#server/isolation/tables.ts'
import { UnitsOfWork } from '#server/isolation/unit-of-work.ts'
import type { Letter } from '#server/mail/mailer.ts'
import { Erasures } from '#server/ops/erasure.ts'
import { formsOf } from '#tests/support/canaries.ts'
import { PASSWORD } from '#tests/support/cast.ts'
import { chatOf, createWorld, type SignedIn, type World } from '#tests/support/world.ts'
import { actorOf } from '../walls/attack.ts'

const CANARIES = {
  name: 'Canary-Name-71f3',
  address: 'canary-address-5c2e@acme.test',
  title: 'canary-title-9a41',
  question: 'canary-question-3bb0',
  draft: 'canary-draft-88d2',
  token: 'canary-token-6e17',
  preference: 'canary-preference-0c95',
}

let world: World
let alice: SignedIn
let bob: SignedIn
let acme: string
let tenantId: TenantId
beforeEach(async () => {
  world = await createWorld({ settings: { 'backups-kept-days': '30' } })
  await world.sql(`select 1`)
  alice = await world.signIn('alice')
  bob = await world.signIn('bob')
  tenantId = alice.me.organisation.id
  acme = schemaName(tenantId)
  await world.sql(`update ${acme}."user" set name = $1, email = $2 where id = $3`, [CANARIES.name, CANARIES.address, alice.me.user.id])
  await live(alice)
  await live(bob)
  await look()
})
afterEach(() => world.close())
afterAll(() => vi.restoreAllMocks())

/** Leaves something in every table. */
async function live(person: SignedIn): Promise<void> {
  const words =
    person === alice ? CANARIES : { title: 'Lunch', question: 'Where is lunch?', draft: 'And', token: 'Nightly', preference: 'librarian' }
  const chat = await chatOf(person, { description: words.title, question: `${words.question} and more` })
  await chatOf(person, { description: words.title, question: `Where was ${words.question}?` })
  await person.call('PATCH', `/api/drafts/${chat.chatId}`, { text: words.draft })
  await person.call('PATCH', '/api/me/preferences', { model: words.preference })
  await person.call('POST', '/api/me/tokens', { name: words.token, abilities: ['read'], days: 1 })
  await person.call('POST', '/api/me/exports')
  await world.queue.work()
}

/** An administrator looks, which is in the logs of both; Alice looks at hers as an administrator would, and is named in Bob's. */
async function look(): Promise<void> {
  await (await world.signIn('carol')).call('GET', '/api/sessions')
  await world.sql(`update ${acme}.security_event set by_user_id = $1 where user_id = $2 and kind = 'sessions_viewed'`, [
    alice.me.user.id,
    bob.me.user.id,
  ])
}

async function everything(): Promise<string[]> {
  const tables = await world.sql<{ name: string }>(
    `select format('%I.%I', schemaname, tablename) as name from pg_tables where schemaname like 't\\_%' or schemaname in ('control', 'queue')`,
  )
  const rows: string[] = []
  for (const { name } of tables.rows)
    rows.push(
      ...(await world.sql<{ row: string }>(`select '${name} ' || to_jsonb(t)::text as row from ${name} t`)).rows.map(({ row }) => row),
    )
  return rows.sort()
}

const namesAlice = (text: string) => Object.values(CANARIES).some((word) => formsOf(word).some((form) => text.includes(form)))
const erasureRow = async () => (await world.sql(`select * from ${acme}.erasure`)).rows[0]!

async function askAndWait(): Promise<void> {
  const asked = await alice.call('POST', '/api/me/deletion', { email: CANARIES.address })
  expect(asked.status).toBe(200)
  await world.sql(`update ${acme}.erasure set due_at = now() - interval '1 minute'`)
}

test('nothing of the person is left anywhere but an id, and what is others’ is byte for byte the same', async () => {
  await askAndWait()
  const before = await everything()
  expect(before.filter(namesAlice).length).toBeGreaterThan(0)
  const { rows: own } = await world.sql<{ id: string }>(
    `select id from ${acme}.auth_session where user_id = $1 union select id from ${acme}.chat_session where user_id = $1 union select id from ${acme}.export where user_id = $1`,
    [alice.me.user.id],
  )
  const ids = [alice.me.user.id, ...own.map(({ id }) => id)]
  await world.queue.strike('erasure_round')
  await world.queue.work()

  const after = await everything()
  expect(after.filter(namesAlice)).toEqual([])
  const [vanished, appeared] = [before.filter((row) => !after.includes(row)), after.filter((row) => !before.includes(row))]
  expect(vanished.filter((row) => !ids.some((id) => row.includes(id)))).toEqual([])
  // What there is of the person: the report, the job that is over, and her id in the log of whom she looked at.
  expect(appeared.map((row) => row.split(' ')[0]).sort()).toEqual([`${acme}.erasure`, `${acme}.job`, `${acme}.security_event`])
  expect(
    after
      .filter((row) => ids.some((id) => row.includes(id)))
      .map((row) => row.split(' ')[0])
      .sort(),
  ).toEqual([`${acme}.erasure`, `${acme}.job`, `${acme}.security_event`])
  expect(world.log.lines.filter(namesAlice)).toEqual([])
  expect(
    (await Promise.all(world.cache.keys().map((key) => world.cache.get(key)))).filter((value) => value?.includes(alice.me.user.id)),
  ).toEqual([])
  expect(await world.mail.to(CANARIES.address)).toEqual([])
  for (const path of ['/api/me', '/api/chats']) expect((await alice.call('GET', path)).status).toBe(401)
  const bobs = await bob.call('GET', '/api/chats')
  expect([bobs.status, bobs.text.includes('Lunch')]).toEqual([200, true])
  // And whoever comes with that address is somebody else.
  const carol = await world.signIn('carol')
  expect((await carol.call('POST', '/api/members', { name: 'Somebody', email: CANARIES.address })).status).toBe(201)
})

test('in others’ logs stays who did it, and not from where or with what; a device that is their own stays', async () => {
  const [hers, theirs] = [alice.me.user.id, bob.me.user.id]
  await world.sql(`delete from ${acme}.security_event where user_id = $1`, [theirs])
  const event = `insert into ${acme}.security_event (id, user_id, scope_id, kind, by, by_user_id, session_id, device, ip)
    values (gen_random_uuid(), '${theirs}', '${theirs}', $1, 'administrator', $2, $3, $4, '203.0.113.7')`
  await world.sql(event, ['sessions_viewed', hers, null, 'Firefox of Alice'])
  await world.sql(event, ['session_ended', hers, bob.me.session.id, 'Safari of Bob'])
  await world.sql(event, ['suspended', (await world.signIn('carol')).me.user.id, null, 'Chrome of Carol'])
  await askAndWait()
  await world.queue.strike('erasure_round')
  await world.queue.work()
  const { rows } = await world.sql(
    `select kind, by_user_id = $2 as hers, device, host(ip) as ip from ${acme}.security_event where user_id = $1 and kind <> 'signed_in' order by id`,
    [theirs, hers],
  )
  expect(rows.sort((one, other) => one.kind.localeCompare(other.kind))).toEqual([
    { kind: 'session_ended', hers: true, device: 'Safari of Bob', ip: null },
    { kind: 'sessions_viewed', hers: true, device: null, ip: null },
    { kind: 'suspended', hers: false, device: 'Chrome of Carol', ip: '203.0.113.7' },
  ])
})

describe('letters in the folder', () => {
  const carol = () => world.signIn('carol')
  const erase = async () => {
    await askAndWait()
    await world.queue.strike('erasure_round')
    await world.queue.work()
    expect((await erasureRow()).done_at).not.toBeNull()
  }

  test('to any address that the person had, and to others about them, are removed; no others', async () => {
    await world.sql(`update ${acme}."user" set role = 'admin' where id = $1`, [alice.me.user.id])
    const asAdmin = await signInAs(CANARIES.address)
    await asAdmin('POST', '/api/me/address', { email: 'canary-later@acme.test' })
    await asAdmin('POST', `/api/members/${bob.me.user.id}/recovery`, { lost: 'password_and_factors' })
    await asAdmin('POST', '/api/members', { name: 'Erin', email: `x${CANARIES.address}` })
    await (await carol()).call('POST', '/api/members', { name: 'Frank', email: 'frank@acme.test' })
    await world.sql(`update ${acme}."user" set email = 'now@acme.test' where id = $1`, [alice.me.user.id])
    const before = await world.mail.all()
    expect(before.filter(({ to, text }) => to !== CANARIES.address && text.includes(CANARIES.name)).length).toBeGreaterThan(1)
    await writeFile(join(world.config.mail.folder, 'older.txt'), 'To: carol@acme.test\n\nNow@ACME.test. And more.')
    await writeFile(join(world.config.mail.folder, 'other.txt'), 'To: know@acme.test\n\nnow@acme.test.example')
    await world.sql(`insert into ${acme}.erasure (user_id, by, due_at) values ($1, 'operator', now() - interval '1 minute')`, [
      alice.me.user.id,
    ])
    await world.queue.strike('erasure_round')
    await world.queue.work()
    const left = await world.mail.all()
    expect(left.filter(({ to, subject, text }) => namesAlice(`${to}${subject}${text}`))).toEqual([])
    expect(left.map(({ to }) => to).sort()).toEqual(['frank@acme.test', 'know@acme.test'])
    expect(await erasureRow()).toMatchObject({ letters: before.length, letters_left: 0 })
  })

  test('hold nothing up: neither a folder among them, nor what is no letter', async () => {
    await mkdir(join(world.config.mail.folder, 'archive'), { recursive: true })
    await symlink('/nowhere', join(world.config.mail.folder, 'broken.txt'))
    await erase()
    expect(await erasureRow()).toMatchObject({ letters_left: 0 })
  })

  test('that cannot be looked into hold nothing up either, and the report and the log say so', async () => {
    await rm(world.config.mail.folder, { recursive: true, force: true })
    await writeFile(world.config.mail.folder, 'no folder')
    await erase()
    const { body } = await (await carol()).call<{ items: Erasure[] }>('GET', '/api/erasures')
    expect(body.items).toMatchObject([{ state: 'done', lettersLeft: 1 }])
    expect(world.log.lines.filter((line) => line.includes('could not be looked into'))).toHaveLength(1)
  })
})

async function signInAs(email: string) {
  const body = { email, password: PASSWORD, organisation: 'acme', deliver: 'token' }
  const { token } = (await world.call<{ token: string }>('POST', '/api/auth/sign-in', { body })).body
  return (method: 'POST', path: `/${string}`, sent: object) =>
    world.call(method, path, { body: sent, headers: { authorization: `Bearer ${token}` } })
}

test('the report says when, what and until when backups may hold the key', async () => {
  await askAndWait()
  await world.queue.strike('erasure_round')
  await world.queue.work()
  const carol = await world.signIn('carol')
  const { body } = await carol.call<{ items: Erasure[] }>('GET', '/api/erasures')
  expect(body.items).toMatchObject([
    {
      userId: alice.me.user.id,
      by: 'self',
      state: 'done',
      counts: { chat_session: 2, chat_message: 4, draft: 1, export: 1, scope: 1, user: 1, credential: 1 },
    },
  ])
  const [report] = body.items
  expect(Date.parse(report!.backupsUntil!) - Date.parse(report!.keyDestroyedAt!)).toBe(30 * 86_400_000)
  expect(Date.parse(report!.doneAt!)).toBeGreaterThanOrEqual(Date.parse(report!.keyDestroyedAt!))
  expect(JSON.stringify(body)).not.toMatch(/canary/i)
})

describe('before its day', () => {
  test('nothing is begun', async () => {
    await alice.call('POST', '/api/me/deletion', { email: CANARIES.address })
    await world.sql(`update ${acme}.erasure set due_at = now() + interval '1 minute'`)
    await world.queue.strike('erasure_round')
    expect(world.queue.waiting).toEqual([])
    expect((await alice.call('GET', '/api/chats')).status).toBe(200)
  })
})

describe('once begun', () => {
  test('nobody takes it back or lets the person in again, not even a door', async () => {
    await askAndWait()
    await world.queue.strike('erasure_round')
    expect((await alice.call('DELETE', '/api/me/deletion')).status).toBe(401)
    const { doors } = await createLogin({ database: world.database, keyring: world.installation.keyring, log: world.log })
    await doors.open(tenantId, async (tx) => {
      expect(await tx.change(tx.db.deleteFrom('erasure'))).toBe(0)
      expect(await tx.change(tx.db.updateTable('erasure').set({ begun_at: null }))).toBe(0)
      expect(await tx.change(tx.db.updateTable('user').set({ status: 'active' }).where('id', '=', alice.me.user.id))).toBe(0)
      expect(await tx.change(tx.db.updateTable('user').set({ status: 'active' }).where('id', '=', bob.me.user.id))).toBe(1)
    })
    await world.queue.work()
    expect((await erasureRow()).done_at).not.toBeNull()
  })

  test('whatever it dies of, after any step, it is taken up, and the key was gone from the first', async () => {
    await askAndWait()
    let steps = 0
    for (let isOver = false; !isOver; steps++) {
      await world.queue.strike('erasure_round')
      const dying = dieAfter(1)
      await world.queue.work(dying).catch((error: Error) => expect(error.message).toBe('the server died'))
      expect((await world.sql(`select from ${acme}.scope_key where scope_id = $1`, [alice.me.user.id])).rowCount).toBe(0)
      isOver = (await erasureRow()).done_at !== null
    }
    expect(steps).toBeGreaterThan(10)
    expect((await everything()).filter(namesAlice)).toEqual([])
    expect((await erasureRow()).counts).toMatchObject({ chat_session: 2, chat_message: 4, draft: 1, user: 1 })
    await world.queue.strike('erasure_round')
    expect(world.queue.waiting).toEqual([])
  }, 180_000)

  test('a server that dies before it hands it on is followed by one that does', async () => {
    await askAndWait()
    const put = vi.spyOn(world.queue, 'put').mockRejectedValueOnce(new Error('the server died'))
    await expect(world.queue.strike('erasure_round')).rejects.toThrow('the server died')
    put.mockRestore()
    expect([(await erasureRow()).begun_at !== null, world.queue.waiting]).toEqual([true, []])
    await world.queue.strike('erasure_round')
    await world.queue.work()
    expect((await erasureRow()).done_at).not.toBeNull()
  })

  test('no key that there is opens what a crash has left behind', async () => {
    await askAndWait()
    const { rows: sealed } = await world.sql<{ id: string; description: Buffer }>(
      `select id, description from ${acme}.chat_session where user_id = $1`,
      [alice.me.user.id],
    )
    await world.queue.strike('erasure_round')
    await expect(world.queue.work(dieAfter(0))).rejects.toThrow('the server died')
    const tenantKey = await world.installation.keyring.tenantKey(tenantId)
    const { rows } = await world.sql<{ scope_id: string; wrapped: Buffer }>(`select scope_id, wrapped from ${acme}.scope_key`)
    const unwrapped = rows.map(({ scope_id, wrapped }) =>
      open(tenantKey, wrapped, { tenantId, owner: scope_id, table: 'scope_key', row: scope_id, column: 'wrapped' }),
    )
    expect(unwrapped.length).toBeGreaterThan(1)
    for (const { id, description } of sealed)
      for (const key of [tenantKey, deriveKey(tenantKey, 'settings'), ...unwrapped])
        expect(() =>
          open(createSecretKey(key), description, {
            tenantId,
            owner: alice.me.user.id,
            table: 'chat_session',
            row: id,
            column: 'description',
          }),
        ).toThrow()
  })
})

/** Dies when it has been asked so many times whether to go on. */
function dieAfter(steps: number): AbortSignal {
  let left = steps
  const throwIfAborted = () => {
    if (left-- <= 0) throw new Error('the server died')
  }
  return { throwIfAborted } as AbortSignal
}

test('every server forgets the key that it has in memory, also one that read it a moment before', async () => {
  const { database, installation, log, cache } = world
  const servers = await Promise.all([1, 2].map(() => createLogin({ database, keyring: installation.keyring, log, cache })))
  const units = new UnitsOfWork(database)
  const actor = actorOf(alice)
  const scopeId = alice.me.personalScopeId
  for (const { keys } of servers) await units.read(actor, (tx) => keys.ofScope(tx, scopeId, 'draft'))
  const nowhere = { actor, first: async () => undefined, all: async () => [], db: {} } as unknown as Parameters<
    (typeof servers)[0]['keys']['ofScope']
  >[0]
  for (const { keys } of servers) await keys.ofScope(nowhere, scopeId, 'draft')
  await askAndWait()
  await world.queue.strike('erasure_round')
  await world.queue.work()
  const gone = { ...nowhere, db: { selectFrom: () => chain } } as typeof nowhere
  for (const { keys } of servers) await expect(keys.ofScope(gone, scopeId, 'draft')).rejects.toThrow('no key within reach')
})
const chain: object = new Proxy({}, { get: () => () => chain })

describe('the operator', () => {
  const erasing = async (letters: Letter[] = []) => {
    const { database, installation, log, cache } = world
    const login = await createLogin({ database, keyring: installation.keyring, log, cache })
    const mailer = {
      way: 'smtp' as const,
      send: async (letter: Letter) => void letters.push(letter),
      forget: async () => ({ removed: 0, left: [] }),
      close: () => undefined,
    }
    const erasures = new Erasures({ ...login, jobs: new Jobs(database), units: new UnitsOfWork(database), log, backupsKeptDays: undefined })
    return { erasures, telling: { ...login, cache, letters: new Letters({ mailer, log, baseUrl: 'https://acme.test' }) } }
  }

  test('has it done at once, without anybody asking, and it says so', async () => {
    const { erasures, telling } = await erasing()
    const message = await erasures.begin(tenantId, alice.me.user.id as UserId, { by: OPERATOR })
    expect((await alice.call('GET', '/api/chats')).status).toBe(401)
    await erasures.run(message!, telling, new AbortController().signal)
    expect(await erasureRow()).toMatchObject({ by: 'operator', backups_until: null })
    expect((await everything()).filter(namesAlice)).toEqual([])
    expect(await erasures.begin(tenantId, alice.me.user.id as UserId, { by: OPERATOR })).toBeUndefined()
  })

  test('who has a mail server has the last letter sent, with the report, before the address is gone', async () => {
    const letters: Letter[] = []
    const { erasures, telling } = await erasing(letters)
    const message = await erasures.begin(tenantId, alice.me.user.id as UserId, { by: OPERATOR })
    await erasures.run(message!, telling, new AbortController().signal)
    expect(letters).toMatchObject([{ to: CANARIES.address, subject: 'Your account at acme was erased' }])
    expect(letters[0]!.text).toMatch(/chat message: 4\n/)
    expect(letters[0]!.text).toContain('has not said how long backups')
  })
})

test('while not every server can be told, rows stay by which they would learn of it, and it goes on when they can', async () => {
  await askAndWait()
  await world.queue.strike('erasure_round')
  const [waiting] = world.queue.waiting
  vi.spyOn(world.cache, 'publish').mockResolvedValue(false)
  await expect(world.queue.work()).rejects.toThrow('not every server')
  expect((await erasureRow()).key_destroyed_at).not.toBeNull()
  expect((await world.sql(`select from ${acme}.auth_session where user_id = $1`, [alice.me.user.id])).rowCount).toBeGreaterThan(0)
  vi.restoreAllMocks()
  await world.queue.put('erasure', waiting!.message)
  await world.queue.work()
  expect((await erasureRow()).done_at).not.toBeNull()
})
