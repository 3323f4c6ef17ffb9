/** Exports: everything of a person is in theirs and nothing of anybody else's; it is theirs alone, and ends with them. */
import { createHash } from 'node:crypto'
import { strFromU8, unzipSync } from 'fflate'
import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest'
import type { Export } from '#contract/leaving.ts'
import { schemaName } from '#server/isolation/tables.ts'
import { formsOf } from '#tests/support/canaries.ts'
import { chatOf, codeOf, createWorld, type SignedIn, superuser, type World } from '#tests/support/world.ts'

const ALICE = { title: 'canary-alice-title', question: 'canary-alice-question', draft: 'canary-alice-draft', token: 'canary-alice-token' }
const BOB = { title: 'canary-bob-title', question: 'canary-bob-question', draft: 'canary-bob-draft', token: 'canary-bob-token' }
const EXPORTS = '/api/me/exports'

let world: World
let alice: SignedIn
let bob: SignedIn
let schema: string
beforeAll(async () => {
  world = await createWorld()
  alice = await world.signIn('alice')
  bob = await world.signIn('bob')
  schema = schemaName(alice.me.organisation.id)
  await fill(alice, ALICE)
  await fill(bob, BOB)
})
beforeEach(() => world.sql(`delete from ${schema}.export`))
afterAll(() => world.close())

async function fill(person: SignedIn, words: typeof ALICE): Promise<void> {
  const chat = await chatOf(person, { description: words.title, question: words.question })
  // A branch: the same question answered again.
  const again = await person.call<{ answer: { id: string } }>('POST', `/api/chats/${chat.chatId}/generations`, {
    questionId: chat.questionId,
    model: 'librarian',
  })
  await person.call('GET', `/api/chats/${chat.chatId}/generations/${again.body.answer.id}/events`)
  const gone = await chatOf(person, { description: `${words.title} deleted`, question: words.question })
  await person.call('DELETE', `/api/chats/${gone.chatId}`)
  await person.call('PATCH', `/api/drafts/${chat.chatId}`, { text: words.draft })
  await person.call('POST', '/api/me/tokens', { name: words.token, abilities: ['read'], days: 1 })
  await person.call('PATCH', '/api/me/preferences', { theme: 'dark' })
}

const begin = async (person: SignedIn) => {
  const begun = await person.call<Export>('POST', EXPORTS)
  expect([begun.status, begun.text]).toEqual([202, expect.stringContaining('"waiting"')])
  return begun.body.id
}
const list = async (person: SignedIn) => (await person.call<{ items: Export[] }>('GET', EXPORTS)).body.items
const rows = async (table: string) => (await world.sql<{ n: number }>(`select count(*)::int as n from ${schema}.${table}`)).rows[0]!.n

async function download(person: SignedIn, id: string) {
  const reply = await world.server.app.inject({
    method: 'POST',
    url: `${EXPORTS}/${id}/archive`,
    headers: { authorization: `Bearer ${person.token}` },
  })
  expect(reply.statusCode, reply.body.slice(0, 200)).toBe(200)
  return { headers: reply.headers, bytes: reply.rawPayload }
}

interface Manifest {
  counts: Record<string, number>
  files: { name: string; bytes: number; sha256: string }[]
}

async function exported(person: SignedIn) {
  const id = await begin(person)
  await world.queue.work()
  const { bytes, headers } = await download(person, id)
  const files = Object.fromEntries(Object.entries(unzipSync(bytes)).map(([name, data]) => [name, data]))
  const text = Object.values(files)
    .map((data) => strFromU8(data))
    .join('\n')
  return { id, bytes, headers, files, text, manifest: JSON.parse(strFromU8(files['manifest.json']!)) as Manifest }
}

test('everything of a person is in it, in JSON and to read, and the manifest says exactly what', async () => {
  const { files, manifest, headers, text } = await exported(alice)
  expect(headers).toMatchObject({ 'content-type': 'application/zip', 'cache-control': 'no-store' })
  expect(headers['content-disposition']).toMatch(/^attachment; filename="sardonyx-export-\d{4}-\d\d-\d\d\.zip"/)
  for (const word of [...Object.values(ALICE), 'alice@acme.test', 'Alice Moreau', '"theme": "dark"', 'token_created', 'signed_in'])
    expect(text).toContain(word)
  expect(manifest.files.map(({ name }) => name).sort()).toEqual(
    Object.keys(files)
      .filter((name) => name !== 'manifest.json')
      .sort(),
  )
  for (const { name, bytes, sha256 } of manifest.files) {
    expect([name, files[name]!.length]).toEqual([name, bytes])
    expect(createHash('sha256').update(files[name]!).digest('hex')).toBe(sha256)
  }
  expect(manifest.counts).toMatchObject({ account: 1, chats: 2, messages: 5, drafts: 1, devices: 1, api_tokens: 1 })
  const [json] = Object.keys(files).filter(
    (name) => name.endsWith('.json') && name.includes('canary-alice-title') && !name.includes('deleted'),
  )
  const chat = JSON.parse(strFromU8(files[json!]!))
  expect(chat.messages).toHaveLength(3)
  expect(new Set(chat.messages.slice(1).map(({ parentId }: { parentId: string }) => parentId)).size).toBe(1)
  const markdown = strFromU8(files[json!.replace('.json', '.md')]!)
  expect(markdown).toMatch(/^# canary-alice-title\n/)
  expect(markdown).toMatch(/## 3\. .*\n\n\*.*, after message 1\*/)
  for (const name of Object.keys(files)) {
    if (name.endsWith('.json')) JSON.parse(strFromU8(files[name]!))
    expect(name).not.toMatch(/\.\.|^\/|\\/)
  }
})

test('nothing that proves a login is in it, and no byte of Bob’s', async () => {
  const { text, bytes } = await exported(alice)
  const hashes = await world.sql<{ hash: string }>(
    `select encode(hash, 'hex') as hash from ${schema}.auth_token union select password_hash from ${schema}.credential`,
  )
  const foreign = [
    ...Object.values(BOB),
    bob.me.user.id,
    bob.me.user.email,
    bob.me.user.name,
    bob.token,
    alice.token,
    ...hashes.rows.map(({ hash }) => hash),
  ]
  for (const secret of foreign) for (const form of formsOf(secret)) expect(text).not.toContain(form)
  expect(bytes.length).toBeGreaterThan(1_000)
  // Bob's own has what was looked for.
  const his = await exported(bob)
  for (const secret of [...Object.values(BOB), bob.me.user.email]) expect(his.text).toContain(secret)
})

test('in the database it is sealed, in pieces', async () => {
  await exported(alice)
  const { rows: parts } = await world.sql<{ content: Buffer }>(`select content from ${schema}.export_part`)
  expect(parts.length).toBeGreaterThan(0)
  for (const { content } of parts) {
    expect(content[0]).toBe(1)
    expect(content.subarray(29, 31).toString('latin1')).not.toBe('PK')
  }
})

describe('nobody else', () => {
  test('sees, downloads or removes it, and their requests end as for one that never was', async () => {
    const { id } = await exported(alice)
    for (const visitor of [bob, await world.signIn('carol'), await world.signIn('mallory')]) {
      expect(await list(visitor)).toEqual([])
      for (const [method, path] of [
        ['POST', `${EXPORTS}/${id}/archive`],
        ['DELETE', `${EXPORTS}/${id}`],
      ] as const) {
        const answer = await visitor.call(method, path)
        expect([answer.status, codeOf(answer)]).toEqual([404, 'export.not_found'])
      }
    }
    expect((await world.call('POST', `${EXPORTS}/${id}/archive`)).status).toBe(401)
    expect(await list(alice)).toMatchObject([{ id, state: 'ready' }])
  })

  test('has an API token begin one or take it, whose ever it is', async () => {
    const { id } = await exported(alice)
    const made = await alice.call<{ token: string }>('POST', '/api/me/tokens', { name: 'All', abilities: ['read', 'chat'], days: 1 })
    const headers = { authorization: `Bearer ${made.body.token}` }
    for (const [method, path] of [
      ['POST', EXPORTS],
      ['GET', EXPORTS],
      ['POST', `${EXPORTS}/${id}/archive`],
    ] as const)
      expect([path, (await world.call(method, path, { headers })).status]).toEqual([path, 403])
  })
})

test('one at a time, however many are asked for at once, and five a day, also of those that were removed', async () => {
  const asked = await Promise.all(Array.from({ length: 12 }, () => alice.call<Export>('POST', EXPORTS)))
  expect(asked.map(({ status }) => status).sort()).toEqual([202, ...Array.from({ length: 11 }, () => 409)])
  expect(world.queue.waiting).toHaveLength(1)
  await world.queue.work()
  for (let more = 0; more < 4; more++) {
    const id = await begin(alice)
    await alice.call('DELETE', `${EXPORTS}/${id}`)
  }
  const sixth = await alice.call('POST', EXPORTS)
  expect([sixth.status, codeOf(sixth)]).toEqual([429, 'export.too_many'])
  await world.queue.work()
  await world.sql(`update ${schema}.export set time_created = now() - interval '25 hours'`)
  await begin(alice)
  await world.queue.work()
})

test('one that was removed has no archive any more, and one that is being written ends', async () => {
  const { id } = await exported(alice)
  expect((await alice.call('DELETE', `${EXPORTS}/${id}`)).status).toBe(204)
  expect([await rows('export_part'), await list(alice)]).toEqual([0, []])
  expect(codeOf(await alice.call('POST', `${EXPORTS}/${id}/archive`))).toBe('export.not_found')
  const next = await begin(alice)
  expect(codeOf(await alice.call('POST', `${EXPORTS}/${next}/archive`))).toBe('export.not_ready')
  await alice.call('DELETE', `${EXPORTS}/${next}`)
  await world.queue.work()
  expect(await rows('export_part')).toBe(0)
})

describe('it ends in the middle', () => {
  /** Lets something happen while the job waits for the messages of a chat. */
  async function midway(happening: () => Promise<unknown>): Promise<string> {
    const id = await begin(await world.signIn('alice'))
    await superuser(world.url, async (client) => {
      await client.query(`begin; lock table ${schema}.chat_message in access exclusive mode`)
      const working = world.queue.work()
      await vi.waitFor(async () => expect(await waitingForLocks()).toBe(1), { timeout: 10_000 })
      await happening()
      await client.query('commit')
      await working
    })
    return id
  }
  const waitingForLocks = async () =>
    (await world.sql(`select from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`)).rowCount

  test.each<[string, () => Promise<unknown>]>([
    ['when its person is suspended', () => world.sql(`update ${schema}."user" set status = 'suspended' where id = $1`, [alice.me.user.id])],
    [
      'when an administrator ends the login that asked for it',
      () =>
        world.sql(
          `update ${schema}.auth_session set revoked_at = now(), revoked_reason = 'administrator' where id = (select session_id from ${schema}.export where state <> 'ready')`,
        ),
    ],
    [
      'when “this wasn’t me” ends it',
      () =>
        world.sql(
          `update ${schema}.auth_session set revoked_at = now(), revoked_reason = 'not_me' where id = (select session_id from ${schema}.export where state <> 'ready')`,
        ),
    ],
    [
      'when its person lost the scope',
      () => world.sql(`update ${schema}.scope_member set role = 'viewer' where user_id = $1`, [alice.me.user.id]),
    ],
  ])('%s', async (_, happening) => {
    const id = await midway(happening)
    await world.sql(`update ${schema}."user" set status = 'active'`)
    await world.sql(`update ${schema}.scope_member set role = 'owner'`)
    expect(await list(alice)).toMatchObject([{ id, state: 'stopped' }])
    expect(codeOf(await alice.call('POST', `${EXPORTS}/${id}/archive`))).toBe('export.not_ready')
    // And the next one begins at once.
    await begin(alice)
    await world.queue.work()
  })

  test('but not when its person merely signs out', async () => {
    const again = await world.signIn('alice')
    const id = await begin(again)
    await again.call('POST', '/api/auth/sign-out')
    await world.queue.work()
    expect(await list(alice)).toMatchObject([{ id, state: 'ready' }])
  })
})

test('a server that dies leaves it to the next, which begins anew and finishes', async () => {
  const id = await begin(alice)
  const [waiting] = world.queue.waiting
  let pieces = 0
  const dying = {
    throwIfAborted: () => {
      if (pieces++ > 3) throw new Error('the server died')
    },
  } as AbortSignal
  await expect(world.queue.work(dying)).rejects.toThrow('the server died')
  expect((await list(alice))[0]).toMatchObject({ id, state: 'running' })
  await world.queue.put('export', waiting!.message)
  await world.queue.work()
  const [whole] = await list(alice)
  expect(whole).toMatchObject({ id, state: 'ready', done: whole!.total })
  expect(unzipSync((await download(alice, id)).bytes)['manifest.json']).toBeDefined()
})

test('one whose server died before handing it on is handed on when its person looks, a minute later', async () => {
  const put = vi.spyOn(world.queue, 'put').mockRejectedValueOnce(new Error('the server died'))
  expect((await alice.call('POST', EXPORTS)).status).toBe(500)
  put.mockRestore()
  expect(codeOf(await alice.call('POST', EXPORTS))).toBe('export.running')
  await list(alice)
  expect(world.queue.waiting).toEqual([])
  await world.sql(`update ${schema}.export set time_created = now() - interval '61 seconds'`)
  await list(bob)
  expect(world.queue.waiting).toEqual([])
  await list(alice)
  await list(alice)
  expect(world.queue.waiting).toHaveLength(1)
  await world.queue.work()
  expect((await list(alice)).map(({ state }) => state)).toEqual(['ready'])
})

test('a large one is written and read in pieces, and nothing is missing', async () => {
  const trent = await world.signIn('trent')
  const globex = schemaName(trent.me.organisation.id)
  const noise = (length: number) => createHash('shake256', { outputLength: length }).update(String(Math.random())).digest('base64')
  const texts = Array.from({ length: 20 }, () => noise(60_000))
  for (const text of texts) await chatOf(trent, { description: 'Long', question: text.slice(0, 30_000) })
  const id = await begin(trent)
  await world.queue.work()
  const { rows: parts } = await world.sql<{ n: number; most: number }>(
    `select count(*)::int as n, max(length(content)) as most from ${globex}.export_part`,
  )
  expect(parts[0]!.n).toBeGreaterThan(1)
  expect(parts[0]!.most).toBeLessThan(2_000_000)
  const files = unzipSync((await download(trent, id)).bytes)
  const text = Object.values(files)
    .map((data) => strFromU8(data))
    .join()
  for (const one of texts) expect(text).toContain(one.slice(0, 30_000))
}, 60_000)

test('it is kept for seven days, and then nobody gets it, and the clean-up removes it', async () => {
  const { id } = await exported(alice)
  const [kept] = await list(alice)
  expect(Date.parse(kept!.expiresAt) - Date.parse(kept!.finishedAt!)).toBe(7 * 86_400_000)
  await world.sql(`update ${schema}.export set expires_at = now() - interval '1 second'`)
  expect(await list(alice)).toEqual([])
  expect(codeOf(await alice.call('POST', `${EXPORTS}/${id}/archive`))).toBe('export.not_found')
})
