/** The people of an organisation: invitations are good once and for one person, addresses are unique, the list pages, preferences are kept. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Invitation, Me, Member } from '#contract/accounts.ts'
import type { Problem } from '#contract/errors.ts'
import type { UserId } from '#contract/ids.ts'
import { PASSWORD } from '#tests/support/cast.ts'
import { schemaOf } from '#tests/support/conversation.ts'
import { type Answer, codeOf, createWorld, type SignedIn, type World } from '#tests/support/world.ts'

let world: World
let alice: SignedIn
let carol: SignedIn
let mallory: SignedIn
let schema: string
beforeAll(async () => {
  world = await createWorld({ baseUrl: 'https://chat.acme.test' })
  alice = await world.signIn('alice')
  carol = await world.signIn('carol')
  mallory = await world.signIn('mallory')
  schema = await schemaOf(world, 'acme')
})
afterAll(() => world.close())

let made = 0
async function invite(changes: object = {}): Promise<Invitation & { token: string; link: string }> {
  made += 1
  const answer = await carol.call<Invitation>('POST', '/api/members', { name: 'Dave Novak', email: `dave${made}@acme.test`, ...changes })
  expect(answer.status).toBe(201)
  const { link, token } = await world.mail.last(answer.body.member.email)
  return { ...answer.body, link, token }
}

const accept = (token: string, password = PASSWORD): Promise<Answer<{ token: string; me: Me }>> =>
  world.call('POST', '/api/invitations/accept', { body: { token, password, deliver: 'token' } })
const expectInvalid = (answer: Answer) => expect([answer.status, codeOf(answer)]).toEqual([404, 'invitation.invalid'])

describe('invitations', () => {
  test('let one person choose a password and sign in, once', async () => {
    const invited = await invite({ name: 'Erin Vogel', role: 'admin' })
    expect(invited.link).toMatch(/^https:\/\/chat\.acme\.test\/invitation#/)
    expect(invited.member).toMatchObject({ name: 'Erin Vogel', role: 'admin', joined: false })
    expect((Date.parse(invited.expiresAt) - Date.now()) / 86_400_000).toBeCloseTo(7, 2)
    const joined = await accept(invited.token)
    expect(joined.body.me.user).toMatchObject({ id: invited.member.id, role: 'admin' })
    expectInvalid(await accept(invited.token, 'another horse battery staple'))
    const { email } = invited.member
    const signedIn = await world.call('POST', '/api/auth/sign-in', { body: { email, password: PASSWORD, organisation: 'acme' } })
    expect(signedIn.status).toBe(200)
    const { items } = (await alice.call<{ items: Member[] }>('GET', '/api/members?limit=100')).body
    expect(items.find(({ id }) => id === invited.member.id)?.joined).toBe(true)
  })

  test('are used by exactly one of ten at once', async () => {
    const { token } = await invite()
    const answers = await Promise.all(Array.from({ length: 10 }, (_, i) => accept(token, `horse number ${i} battery staple`)))
    expect(answers.map(({ status }) => status).sort()).toEqual([200, ...Array(9).fill(404)])
    for (const answer of answers.filter(({ status }) => status === 404)) expectInvalid(answer)
  })

  test('end after a week', async () => {
    const { member, token } = await invite()
    await world.sql(`update ${schema}.link set expires_at = now() - interval '1 second' where user_id = $1`, [member.id])
    expectInvalid(await accept(token))
  })

  test('end when a newer one is made', async () => {
    const { member, token } = await invite()
    const again = await carol.call<Invitation>('POST', `/api/members/${member.id}/invitation`)
    expect(again.status).toBe(201)
    expectInvalid(await accept(token))
    const { token: second } = await world.mail.last(member.email)
    expect((await accept(second)).status).toBe(200)
    const joined = await carol.call('POST', `/api/members/${member.id}/invitation`)
    expect([joined.status, codeOf(joined)]).toEqual([409, 'member.joined'])
  })

  test('are good in their own organisation only, and nothing else is good at all', async () => {
    const { token } = await invite()
    const secret = token.split('.')[1]
    for (const forged of [
      `${mallory.me.organisation.id}.${secret}`,
      `${crypto.randomUUID()}.${secret}`,
      `.${secret}`,
      secret ?? '',
      `${token}x`,
      token.slice(0, -1),
      '',
      '.',
      '\u0000',
      token.split('.')[0] ?? '',
    ])
      expectInvalid(await accept(forged))
    expect((await accept(token)).status).toBe(200)
  })

  test.each([
    ['aaaaaaaaaaaaaaaa', /Repeated characters/],
    ['novak-dave-acme-1', /common words, your name or your address/],
    ['password123456', /common words/],
  ])('refuse the weak password %s with the reason, and stay good', async (password, reason) => {
    const { token } = await invite()
    const weak = await accept(token, password)
    expect([weak.status, codeOf(weak)]).toEqual([400, 'password.weak'])
    expect((weak.body as unknown as Problem).detail).toMatch(reason)
    expect((await accept(token)).status).toBe(200)
  })

  test('are not kept as they are: the database holds a hash', async () => {
    const { token } = await invite()
    const { rows } = await world.sql<{ text: string }>(`select to_jsonb(t)::text as text from ${schema}.link t`)
    expect(rows.map(({ text }) => text).join()).not.toContain(token.split('.')[1])
    expect(world.log.lines.join()).not.toContain(token.split('.')[1])
  })

  test('are made for people of the own organisation only', async () => {
    const { member } = await invite()
    for (const [admin, id] of [
      [mallory, member.id],
      [carol, mallory.me.user.id],
      [carol, crypto.randomUUID() as UserId],
    ] as const) {
      const refused = await admin.call('POST', `/api/members/${id}/invitation`)
      expect([refused.status, codeOf(refused)]).toEqual([404, 'member.not_found'])
    }
  })
})

describe('addresses', () => {
  test('belong to one person of an organisation, in whatever case', async () => {
    for (const email of ['bob@acme.test', ' BOB@Acme.Test ']) {
      const refused = await carol.call('POST', '/api/members', { name: 'Bob Two', email })
      expect([refused.status, codeOf(refused)]).toEqual([409, 'member.exists'])
    }
  })

  test('added ten times at once are added once', async () => {
    const add = () => carol.call('POST', '/api/members', { name: 'Once', email: 'once@acme.test' })
    const answers = await Promise.all(Array.from({ length: 10 }, add))
    expect(answers.map(({ status }) => status).sort()).toEqual([201, ...Array(9).fill(409)])
  })

  test('may be in two organisations, as two people', async () => {
    const there = await mallory.call<Invitation>('POST', '/api/members', { name: 'Alice Elsewhere', email: 'alice@acme.test' })
    expect(there.status).toBe(201)
    const { token } = await world.mail.last('alice@acme.test')
    const joined = await accept(token, 'elsewhere horse battery staple')
    expect(joined.body.me).toMatchObject({ user: { name: 'Alice Elsewhere' }, organisation: { slug: 'globex' } })
    const sign = (organisation: string, password: string) =>
      world.call('POST', '/api/auth/sign-in', { body: { email: 'alice@acme.test', password, organisation } })
    expect((await sign('globex', PASSWORD)).status).toBe(401)
    expect((await sign('acme', 'elsewhere horse battery staple')).status).toBe(401)
    expect((await sign('globex', 'elsewhere horse battery staple')).status).toBe(200)
  })
})

test('the list of people pages without loss or repetition, also where names are the same', async () => {
  for (let i = 0; i < 5; i++) await invite({ name: 'Same Name' })
  await invite({ name: 'Élodie Ångström' })
  const whole = (await alice.call<{ items: Member[]; next: null }>('GET', '/api/members?limit=100')).body
  expect(whole.next).toBeNull()
  expect(whole.items.filter(({ email }) => !email.endsWith('@acme.test'))).toEqual([])
  for (const limit of [1, 2, 5, whole.items.length]) {
    const seen: Member[] = []
    let cursor: string | null = ''
    while (cursor !== null) {
      const page: { items: Member[]; next: string | null } = (
        await alice.call<{ items: Member[]; next: string | null }>('GET', `/api/members?limit=${limit}${cursor && `&cursor=${cursor}`}`)
      ).body
      seen.push(...page.items)
      cursor = page.next
    }
    expect(seen).toEqual(whole.items)
  }
})

test('preferences are kept field by field, and follow the person to every device', async () => {
  const set = (changes: object) => alice.call('PATCH', '/api/me/preferences', changes)
  expect((await set({ theme: 'dark' })).body).toMatchObject({ theme: 'dark', model: null })
  expect((await set({ model: 'librarian' })).body).toMatchObject({ theme: 'dark', model: 'librarian' })
  expect((await set({ model: null })).body).toMatchObject({ theme: 'dark', model: null })
  expect((await set({})).body).toMatchObject({ theme: 'dark', model: null })
  for (const wrong of [{ theme: 'pink' }, { theme: null }, { model: 'x'.repeat(301) }, { model: 'a\u0000' }, { language: 'de' }])
    expect((await set(wrong)).status).toBe(400)
  expect((await world.signIn('alice')).me.user.preferences).toMatchObject({ theme: 'dark', model: null })
  expect((await world.signIn('bob')).me.user.preferences).toMatchObject({ theme: 'system', model: null })
})
