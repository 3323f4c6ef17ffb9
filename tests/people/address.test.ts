/** One's own address changes once the new one was shown to be one's own; nobody changes another's, nor learns who has an address. */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { PASSWORD, PEOPLE } from '#tests/support/cast.ts'
import { schemaOf } from '#tests/support/conversation.ts'
import { type Answer, codeOf, createWorld, type SignedIn, type World } from '#tests/support/world.ts'

const NEW = 'alice@moreau.test'

let world: World
let alice: SignedIn
let schema: string
beforeAll(async () => {
  world = await createWorld()
  schema = await schemaOf(world, 'acme')
})
afterAll(() => world.close())
beforeEach(async () => {
  await world.sql(`delete from ${schema}.link`)
  await world.sql(`update ${schema}."user" set email = $1 where name = $2`, [PEOPLE.alice.email, PEOPLE.alice.name])
  alice = await world.signIn('alice')
})

const ask = (who: SignedIn, email = NEW) => who.call<{ sent: boolean }>('POST', '/api/me/address', { email })
const seen = (who: SignedIn, token: string) => who.call<{ email: string }>('POST', '/api/me/address/asked', { token })
const confirm = (who: SignedIn, token: string) => who.call<{ email: string }>('POST', '/api/me/address/confirm', { token })
const link = async (address = NEW) => (await world.mail.last(address)).token
const addressOf = async (who: SignedIn) => (await who.call<SignedIn['me']>('GET', '/api/me')).body.user.email
const aMinuteLater = () => world.sql(`update ${schema}.link set time_created = now() - interval '61 seconds'`)
const refusal = (answer: Answer) => [answer.status, codeOf(answer)]
const INVALID = [404, 'address.invalid']

test('the new address is one’s own after its link was followed, and the old one is told twice', async () => {
  const before = (await world.mail.to(PEOPLE.alice.email)).length
  const asked = await ask(alice)
  const token = await link()
  expect([asked.status, asked.body.sent, asked.text.includes(token.split('.')[1]!)]).toEqual([202, true, false])
  expect(await addressOf(alice)).toBe(PEOPLE.alice.email)
  expect((await confirm(alice, token)).body).toEqual({ email: NEW })
  expect(await addressOf(alice)).toBe(NEW)
  const told = (await world.mail.to(PEOPLE.alice.email)).slice(before)
  expect(told.map(({ subject }) => subject)).toEqual(['Your address at acme is to change', 'Your address at acme was changed'])
  for (const { text } of told) expect(text).not.toContain(token.split('.')[1])
  const signIn = (email: string) => world.call('POST', '/api/auth/sign-in', { body: { email, password: PASSWORD, organisation: 'acme' } })
  expect([(await signIn(NEW)).status, (await signIn(PEOPLE.alice.email)).status]).toEqual([200, 401])
})

describe('the link', () => {
  test('is good for its own person only, once, and for nothing else', async () => {
    await ask(alice)
    const token = await link()
    for (const other of ['bob', 'carol', 'mallory'] as const)
      for (const act of [seen, confirm]) expect(refusal(await act(await world.signIn(other), token))).toEqual(INVALID)
    expect((await seen(alice, token)).body).toEqual({ email: NEW })
    for (const path of ['/api/invitations/accept', '/api/recovery/use'])
      expect((await world.call('POST', path, { body: { token, password: PASSWORD } })).status).toBe(404)
    const answers = await Promise.all(Array.from({ length: 20 }, () => confirm(alice, token)))
    expect(answers.map(({ status }) => status).sort()).toEqual([200, ...Array(19).fill(404)])
  })

  test('is good no more when it is late, or another was asked for', async () => {
    await ask(alice)
    const token = await link()
    await aMinuteLater()
    await ask(alice, 'other@moreau.test')
    expect(refusal(await confirm(alice, token))).toEqual(INVALID)
    const other = await link('other@moreau.test')
    await world.sql(`update ${schema}.link set expires_at = now() - interval '1 second'`)
    expect(refusal(await confirm(alice, other))).toEqual(INVALID)
    expect(await addressOf(alice)).toBe(PEOPLE.alice.email)
  })
})

describe('a change that waits for its link', () => {
  const pending = async (who: SignedIn) =>
    (await who.call<{ pending: { email: string; until: string } | null }>('GET', '/api/me/address')).body.pending

  test('is shown to its person alone, until it is confirmed, late or withdrawn', async () => {
    expect(await pending(alice)).toBeNull()
    await ask(alice)
    expect(await pending(await world.signIn('alice'))).toMatchObject({ email: NEW })
    for (const other of ['bob', 'carol', 'mallory'] as const) expect(await pending(await world.signIn(other))).toBeNull()
    await world.sql(`update ${schema}.link set expires_at = now() - interval '1 second'`)
    expect(await pending(alice)).toBeNull()
    await aMinuteLater()
    await ask(alice)
    await confirm(alice, await link())
    expect(await pending(alice)).toBeNull()
  })

  test('is withdrawn by nobody else; its link is good for nothing then, and another is asked for no sooner', async () => {
    await ask(alice)
    for (const other of ['bob', 'carol', 'mallory'] as const)
      expect((await (await world.signIn(other)).call('DELETE', '/api/me/address')).status).toBe(204)
    expect(await pending(alice)).toMatchObject({ email: NEW })
    expect((await alice.call('DELETE', '/api/me/address')).status).toBe(204)
    expect(await pending(alice)).toBeNull()
    expect(refusal(await confirm(alice, await link()))).toEqual(INVALID)
    expect(refusal(await ask(alice))).toEqual([429, 'address.asked_just_now'])
  })
})

describe('an address that somebody has', () => {
  test('is answered as any other; its holder is told, and nothing changes', async () => {
    const [taken, free] = [await ask(alice, PEOPLE.bob.email), await ask(await world.signIn('carol'), 'free@acme.test')]
    expect([taken.status, taken.body]).toEqual([free.status, free.body])
    const letter = await world.mail.last(PEOPLE.bob.email)
    expect([letter.subject, letter.token]).toEqual(['Somebody asked for your address at acme', ''])
    expect(letter.text).not.toContain('Alice')
    expect(await addressOf(alice)).toBe(PEOPLE.alice.email)
  })

  test('meanwhile is confirmed by nobody else', async () => {
    await ask(alice)
    const token = await link()
    await world.sql(`update ${schema}."user" set email = $1 where name = $2`, [NEW, PEOPLE.bob.name])
    expect(refusal(await confirm(alice, token))).toEqual(INVALID)
    expect(await addressOf(alice)).toBe(PEOPLE.alice.email)
    await world.sql(`update ${schema}."user" set email = $1 where name = $2`, [PEOPLE.bob.email, PEOPLE.bob.name])
  })
})

test('the letter to it has nothing in it that a person typed: nobody knows whose address it is', async () => {
  const name = 'Free money at https://evil.test'
  expect((await alice.call('PATCH', '/api/me', { name })).status).toBe(200)
  await ask(alice, 'stranger@elsewhere.test')
  const letter = await world.mail.last('stranger@elsewhere.test')
  expect([letter.text.includes('evil.test'), letter.subject.includes('evil.test')]).toEqual([false, false])
  expect(letter.token).not.toBe('')
  await alice.call('PATCH', '/api/me', { name: PEOPLE.alice.name })
})

test('is asked for once a minute, so that nobody’s mailbox is filled', async () => {
  expect((await ask(alice)).status).toBe(202)
  const soon = await ask(alice, 'other@moreau.test')
  expect(refusal(soon)).toEqual([429, 'address.asked_just_now'])
  expect(Number(soon.headers['retry-after'])).toBeGreaterThan(0)
  await aMinuteLater()
  expect((await ask(alice, 'other@moreau.test')).status).toBe(202)
})

test('that one has already is refused, and no letter goes there', async () => {
  const before = (await world.mail.to(PEOPLE.alice.email)).length
  expect(refusal(await ask(alice, PEOPLE.alice.email))).toEqual([409, 'address.unchanged'])
  expect((await world.mail.to(PEOPLE.alice.email)).length).toBe(before)
})

test('needs a fresh proof', async () => {
  await world.sql(`update ${schema}.auth_token set proven_at = now() - interval '2 hours' where session_id = $1`, [alice.me.session.id])
  expect(refusal(await ask(alice))).toEqual([401, 'auth.proof_needed'])
})
