/** Asking to be erased: only by the person, with a proof and their address; everything else of theirs is shut; and it can be taken back. */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import type { Me } from '#contract/accounts.ts'
import { schemaName } from '#server/isolation/tables.ts'
import { type Answer, codeOf, createWorld, type SignedIn, type World } from '#tests/support/world.ts'

const DELETION = '/api/me/deletion'
const DAY_MS = 86_400_000

let world: World
let acme: string
let globex: string
beforeAll(async () => {
  world = await createWorld()
  acme = schemaName((await world.signIn('alice')).me.organisation.id)
  globex = schemaName((await world.signIn('mallory')).me.organisation.id)
})
beforeEach(async () => {
  for (const schema of [acme, globex]) {
    await world.sql(`delete from ${schema}.erasure`)
    await world.sql(`update ${schema}."user" set role = 'user' where email in ('alice@acme.test', 'bob@acme.test')`)
  }
})
afterAll(() => world.close())

const ask = (person: SignedIn, email: string = person.me.user.email) =>
  person.call<{ askedAt: string; erasedFrom: string }>('POST', DELETION, { email })
const me = (person: SignedIn) => person.call<Me>('GET', '/api/me')
const log = async (person: SignedIn) =>
  (await person.call<{ items: { kind: string; reason: string | null }[] }>('GET', '/api/me/security-events?limit=100')).body.items
const refusal = (answer: Answer) => [answer.status, codeOf(answer)]

test('the account stays as it is for fourteen days, and everything else that was signed in is out', async () => {
  const [alice, elsewhere] = [await world.signIn('alice'), await world.signIn('alice')]
  const token = await alice.call<{ token: string }>('POST', '/api/me/tokens', { name: 'Nightly', abilities: ['read'], days: 1 })
  const asked = await ask(alice, 'Alice@ACME.test')
  expect(asked.status).toBe(200)
  expect(Date.parse(asked.body.erasedFrom) - Date.parse(asked.body.askedAt)).toBe(14 * DAY_MS)
  expect((await me(alice)).body.leaving).toEqual(asked.body)
  expect((await elsewhere.call('GET', '/api/chats')).status).toBe(401)
  expect((await world.call('GET', '/api/chats', { headers: { authorization: `Bearer ${token.body.token}` } })).status).toBe(401)
  const why = await world.call('POST', '/api/auth/why-ended', { headers: { authorization: `Bearer ${elsewhere.token}` } })
  expect(why.body).toMatchObject({ reason: 'deleted' })
  expect((await log(alice)).map(({ kind, reason }) => [kind, reason])).toEqual(
    expect.arrayContaining([
      ['deletion_asked', null],
      ['session_ended', 'deleted'],
      ['token_revoked', 'deleted'],
    ]),
  )
  const letter = await world.mail.last('alice@acme.test')
  expect(letter.subject).toBe('Your account at acme will be erased')
  expect(letter.link).toMatch(/\/account\/data$/)
  // Signing in and working goes on.
  const again = await world.signIn('alice')
  expect((await again.call('POST', '/api/chats', { description: 'Still here' })).status).toBe(201)
  expect((await me(again)).body.leaving).toEqual(asked.body)
})

test('asking again changes nothing and sends nothing', async () => {
  const alice = await world.signIn('alice')
  const first = await ask(alice)
  const letters = (await world.mail.to('alice@acme.test')).length
  expect((await ask(alice)).body).toEqual(first.body)
  expect(await world.mail.to('alice@acme.test')).toHaveLength(letters)
})

describe('it is refused', () => {
  test('with another address than one’s own, and nothing ends', async () => {
    const [alice, elsewhere] = [await world.signIn('alice'), await world.signIn('alice')]
    for (const email of ['bob@acme.test', 'alice@acme.testing', 'alice@globex.test'])
      expect(refusal(await ask(alice, email))).toEqual([400, 'deletion.wrong_address'])
    expect((await elsewhere.call('GET', '/api/chats')).status).toBe(200)
    expect((await ask(alice)).status).toBe(200)
  })

  test('without a fresh proof, also when the proof runs out on the way', async () => {
    const alice = await world.signIn('alice')
    await world.sql(`update ${acme}.auth_token set proven_at = now() - interval '31 minutes' where session_id = $1`, [alice.me.session.id])
    expect(refusal(await ask(alice))).toEqual([401, 'auth.proof_needed'])
    await world.sql(`update ${acme}.auth_token set proven_at = now() where session_id = $1`, [alice.me.session.id])
    expect((await ask(alice)).status).toBe(200)
  })

  test('to the last administrator who stays, also when two go at the same moment', async () => {
    const carol = await world.signIn('carol')
    expect(refusal(await ask(carol))).toEqual([409, 'deletion.last_administrator'])
    await world.sql(`update ${acme}."user" set role = 'admin' where email in ('alice@acme.test', 'bob@acme.test')`)
    const people = [carol, await world.signIn('alice'), await world.signIn('bob')]
    const answers = await Promise.all(people.map((person) => ask(person)))
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 200, 409])
    // Whoever stays keeps it so: another one who comes back lets them go.
    const [staying] = people.filter((_, i) => answers[i]!.status === 409)
    const [leaving] = people.filter((_, i) => answers[i]!.status === 200)
    await leaving!.call('DELETE', DELETION)
    expect((await ask(staying!)).status).toBe(200)
  })

  test('an administrator who is leaving takes the place of nobody who stays', async () => {
    await world.sql(`update ${acme}."user" set role = 'admin' where email = 'alice@acme.test'`)
    const [alice, carol] = [await world.signIn('alice'), await world.signIn('carol')]
    await ask(alice)
    const demote = () => alice.call('POST', `/api/members/${carol.me.user.id}/role`, { role: 'user' })
    expect(refusal(await demote())).toEqual([409, 'member.last_administrator'])
    await alice.call('DELETE', DELETION)
    expect((await demote()).status).toBe(200)
    await world.sql(`update ${acme}."user" set role = 'admin' where email = 'carol@acme.test'`)
  })

  test('to an API token, and to nobody', async () => {
    const alice = await world.signIn('alice')
    const made = await alice.call<{ token: string }>('POST', '/api/me/tokens', { name: 'All', abilities: ['read', 'chat'], days: 1 })
    const body = { email: 'alice@acme.test' }
    const headers = { authorization: `Bearer ${made.body.token}` }
    expect((await world.call('POST', DELETION, { body, headers })).status).toBe(403)
    expect((await world.call('DELETE', DELETION, { headers })).status).toBe(403)
    expect((await world.call('POST', DELETION, { body })).status).toBe(401)
  })
})

test('it is taken back by its person, from any login of theirs, and by nobody else', async () => {
  const alice = await world.signIn('alice')
  await ask(alice)
  for (const other of [await world.signIn('bob'), await world.signIn('carol'), await world.signIn('mallory')])
    expect((await other.call('DELETE', DELETION)).status).toBe(204)
  expect((await me(alice)).body.leaving).not.toBeNull()
  const again = await world.signIn('alice')
  expect((await again.call('DELETE', DELETION)).status).toBe(204)
  expect((await me(alice)).body.leaving).toBeNull()
  expect((await log(alice))[0]).toMatchObject({ kind: 'deletion_undone' })
  expect((await world.mail.last('alice@acme.test')).subject).toBe('Your account at acme is kept')
  // Nothing is due any more, whatever the hour.
  await world.queue.strike('erasure_round')
  expect(world.queue.waiting).toEqual([])
  expect((await me(again)).status).toBe(200)
})

test('a suspension holds up no deletion; once reinstated the person takes it back', async () => {
  const [alice, carol] = [await world.signIn('alice'), await world.signIn('carol')]
  const { erasedFrom } = (await ask(alice)).body
  await carol.call('POST', `/api/members/${alice.me.user.id}/suspend`)
  expect((await alice.call('DELETE', DELETION)).status).toBe(401)
  const page = await carol.call<{ member: object }>('GET', `/api/members/${alice.me.user.id}`)
  expect(page.body.member).toMatchObject({ suspended: true, leavesAt: erasedFrom })
  await carol.call('POST', `/api/members/${alice.me.user.id}/reinstate`)
  const again = await world.signIn('alice')
  expect((await again.call('DELETE', DELETION)).status).toBe(204)
  expect((await me(again)).body.leaving).toBeNull()
})

test('administrators see who is leaving; colleagues and other organisations do not', async () => {
  const alice = await world.signIn('alice')
  await ask(alice)
  const seen = async (person: 'carol' | 'bob' | 'mallory') => {
    const visitor = await world.signIn(person)
    return [
      (await visitor.call('GET', '/api/erasures')).status,
      (await visitor.call('GET', '/api/members?limit=100')).text.includes('leavesAt'),
    ]
  }
  expect(await seen('carol')).toEqual([200, true])
  expect(await seen('bob')).toEqual([403, false])
  expect(await seen('mallory')).toEqual([200, false])
  const carol = await world.signIn('carol')
  expect((await carol.call('GET', '/api/erasures')).body).toMatchObject({
    items: [{ userId: alice.me.user.id, state: 'asked', by: 'self', counts: {} }],
  })
  expect((await (await world.signIn('mallory')).call('GET', '/api/erasures')).body).toEqual({ items: [], next: null })
})
