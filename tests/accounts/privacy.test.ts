/** What the privacy page is made of: each setting is said as it is, at once, and to nobody of another organisation. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Privacy } from '#contract/privacy.ts'
import { LoginRules } from '#contract/sessions.ts'
import { KEPT, KEPT_OF } from '#server/features/privacy/kept.ts'
import { schemaName } from '#server/isolation/tables.ts'
import { setUpProvider } from '#tests/support/examples.ts'
import { CLIENT, type ScriptedProvider, startScriptedProvider } from '#tests/support/scripted-provider.ts'
import { codeOf, createWorld, type SignedIn, type World } from '#tests/support/world.ts'

let provider: ScriptedProvider
let world: World
let alice: SignedIn
let carol: SignedIn
let mallory: SignedIn
let schema: string
beforeAll(async () => {
  provider = await startScriptedProvider()
  world = await createWorld({ egressAllow: `127.0.0.1:11434,${provider.allow}` })
  alice = await world.signIn('alice')
  carol = await world.signIn('carol')
  mallory = await world.signIn('mallory')
  schema = schemaName(alice.me.organisation.id)
})
afterAll(async () => {
  await world.close()
  await provider.close()
})

const said = async (to: SignedIn = alice) => (await to.call<Privacy>('GET', '/api/privacy')).body
/** What is due once it is over goes with the next clean-up, and there is one each night. */
const NIGHTLY_DAYS = 1
const CONTACT = { name: 'Petra Vogel', email: 'privacy@acme.test' }

describe('whom to ask', () => {
  test('is nobody at first, then whom an administrator names, and nobody again', async () => {
    expect((await said()).contact).toBeNull()
    expect((await carol.call('PATCH', '/api/privacy/contact', { contact: CONTACT })).status).toBe(204)
    expect((await said()).contact).toEqual(CONTACT)
    expect((await said(mallory)).contact).toBeNull()
    await carol.call('PATCH', '/api/privacy/contact', { contact: null })
    expect((await said()).contact).toBeNull()
  })

  test('is named by no one else, and holds nothing but a name and an address', async () => {
    const answer = await alice.call('PATCH', '/api/privacy/contact', { contact: CONTACT })
    expect([answer.status, codeOf(answer)]).toEqual([403, 'auth.not_allowed'])
    for (const contact of [
      {},
      { name: 'P' },
      { ...CONTACT, email: 'no address' },
      { ...CONTACT, name: '\u202eP' },
      { ...CONTACT, web: 'x' },
    ])
      expect((await carol.call('PATCH', '/api/privacy/contact', { contact })).status).toBe(400)
    expect((await carol.call('PATCH', '/api/privacy/contact', {})).status).toBe(400)
    expect((await said()).contact).toBeNull()
  })

  test('is sealed in the database, for this organisation', async () => {
    const stored = async (of: string) =>
      (await world.sql<{ contact: Buffer | null }>(`select contact from ${of}.privacy_contact`)).rows[0]!.contact
    await carol.call('PATCH', '/api/privacy/contact', { contact: CONTACT })
    const sealed = (await stored(schema))!
    expect(sealed.includes('Petra')).toBe(false)
    const theirs = schemaName(mallory.me.organisation.id)
    await world.sql(`update ${theirs}.privacy_contact set contact = $1`, [sealed])
    expect((await mallory.call('GET', '/api/privacy')).status).toBe(500)
    await world.sql(`update ${theirs}.privacy_contact set contact = null`)
  })
})

describe('what is said follows the settings', () => {
  test('whose organisation it is', async () => {
    expect([(await said()).organisation, (await said(mallory)).organisation]).toEqual(['acme', 'globex'])
  })

  test('which providers may receive text, with their hosts: those of the organisation that offer a model', async () => {
    expect((await said()).providers).toEqual([])
    const add = (body: object) => carol.call<{ id: string }>('POST', '/api/providers', body)
    const { id } = (await add({ name: 'Here', baseUrl: 'http://127.0.0.1:11434/v1', apiKey: 'canary-key', models: ['small'] })).body
    await add({ name: 'Idle', baseUrl: 'http://127.0.0.1:11434/v1', models: [] })
    expect((await said()).providers).toEqual([{ name: 'Here', host: '127.0.0.1:11434' }])
    expect((await said(mallory)).providers).toEqual([])
    expect((await alice.call('GET', '/api/privacy')).text).not.toContain('canary-key')
    await carol.call('DELETE', `/api/providers/${id}`)
    expect((await said()).providers).toEqual([])
  })

  test('how long logins last', async () => {
    const before = await said()
    expect(before.logins.preset).toBe('everyday')
    await carol.call('PATCH', '/api/login-policy', { preset: 'strict' })
    const { logins } = await said()
    expect([logins.preset, logins.idleLimitS, logins.remember]).toEqual(['strict', 3_600, false])
    expect(LoginRules.parse((await alice.call('GET', '/api/login-policy')).body)).toEqual(logins)
    expect((await said(mallory)).logins).toEqual(before.logins)
    await carol.call('PATCH', '/api/login-policy', { preset: 'everyday' })
  })

  test('of whom a second factor is required', async () => {
    for (const secondFactor of ['admins', 'everyone', 'optional'] as const) {
      await world.sql(`update ${schema}.login_policy set second_factor = $1`, [secondFactor])
      expect([(await said()).logins.secondFactor, (await said(mallory)).logins.secondFactor]).toEqual([secondFactor, 'optional'])
    }
  })

  test('through whom people may sign in, once it is switched on; not what only administrators know of it', async () => {
    expect((await said()).signInProvider).toBeNull()
    await setUpProvider(carol, provider)
    expect((await said()).signInProvider).toEqual({ name: 'Keyhouse', host: new URL(provider.issuer).host })
    const { text } = await alice.call('GET', '/api/privacy')
    for (const secret of [CLIENT.id, CLIENT.secret]) expect(text).not.toContain(secret)
    expect((await said(mallory)).signInProvider).toBeNull()
    await world.sql(`update ${schema}.sign_in_provider set is_on = false`)
    expect((await said()).signInProvider).toBeNull()
  })

  test('whom people see', async () => {
    expect((await said()).directory).toBe('everyone')
    await world.sql(`update ${schema}.login_policy set directory = 'shared'`)
    expect([(await said()).directory, (await said(mallory)).directory]).toEqual(['shared', 'everyone'])
    await world.sql(`update ${schema}.login_policy set directory = 'everyone'`)
  })
})

test('how long things are kept is what the database removes: every policy by which something is due, with its days', async () => {
  // Where a row has an end of its own, the days are in how that is set.
  const { rows } = await world.sql<{ tablename: string; qual: string; end: string | null }>(
    `select tablename, qual, (select column_default from information_schema.columns c
        where c.table_schema = schemaname and c.table_name = tablename and column_name = 'expires_at') as end
       from pg_policies where schemaname = $1 and policyname = 'due'`,
    [schema],
  )
  const daysIn = (text: string | null) => /'(\d+) days?'::interval/.exec(text ?? '')?.[1]
  const inForce = rows.map(({ tablename, qual, end }) => [tablename, Number(daysIn(qual) ?? daysIn(end) ?? NIGHTLY_DAYS)])
  expect(Object.fromEntries(inForce)).toEqual(Object.fromEntries(Object.entries(KEPT).map(([table, { days }]) => [table, days])))
  expect((await said()).kept).toEqual([...KEPT_OF])
})

test('how long one can take a deletion back, and what the operator says of backups', async () => {
  expect((await said()).deletion).toEqual({ undoDays: 14, backupsKeptDays: null })
  const asked = await alice.call<{ erasedFrom: string }>('POST', '/api/me/deletion', { email: 'alice@acme.test' })
  const days = (Date.parse(asked.body.erasedFrom) - Date.now()) / 86_400_000
  expect(Math.round(days)).toBe(14)
  await alice.call('DELETE', '/api/me/deletion')
  const other = await createWorld({ settings: { 'backups-kept-days': '35' } })
  expect((await said(await other.signIn('alice'))).deletion.backupsKeptDays).toBe(35)
  await other.close()
})

test('nobody is told anything without a login', async () => {
  expect((await world.call('GET', '/api/privacy')).status).toBe(401)
})
