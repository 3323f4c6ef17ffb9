/**
 * Every act of an administrator, tried as a way to become somebody else, or to read what is theirs. The table is derived from the contract: an
 * endpoint for administrators that is not declared here, with why it is no way in, fails the test.
 */
import { stat } from 'node:fs/promises'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import type { Member } from '#contract/accounts.ts'
import { ENDPOINTS } from '#contract/index.ts'
import type { Recovery } from '#contract/people.ts'
import { PASSWORD, PEOPLE } from '#tests/support/cast.ts'
import { schemaOf } from '#tests/support/conversation.ts'
import { CANARIES, exampleOf, makeThings, type Things, urlOf } from '#tests/support/examples.ts'
import { type ModelServer, startModelServer } from '#tests/support/model-server.ts'
import { type Answer, codeOf, createWorld, type SignedIn, type World } from '#tests/support/world.ts'

/** Why an act is no way to become somebody. */
const NO_WAY_IN: Readonly<Record<string, string>> = {
  'sessions.list': 'shows sessions by their ids; what proves one is in no table that request handling reads',
  'sessions.count': 'a number',
  'sessions.end': 'ends logins, begins none',
  'login_policy.set': 'says how long logins last; a proof is still the person’s own',
  'members.add': 'makes another person; an address that is taken is refused, and the link goes to the new person’s mailbox',
  'members.invite': 'the same, for many',
  'members.known': 'which addresses are taken, which the list of people says as well',
  'members.invite_again': 'only for who has not joined, and so has nothing; the link goes to their mailbox',
  'invitations.list': 'says what became of letters, without their links',
  'invitations.cancel': 'only for who has not joined; what is made anew under the address is another account, with another id and scope',
  'members.get': 'kinds of proof, without any of it',
  'members.change_role': 'an administrator’s role reads no other’s scope; all logins end',
  'members.suspend': 'ends logins; the account and its address stay taken',
  'members.reinstate': 'begins no login, changes no password',
  'recoveries.start': 'mails the person; whoever begins it never holds the link, and factors stay until another administrator approves',
  'recoveries.list': 'without links',
  'recoveries.decide': 'by somebody else than who began it; the link goes to the person’s own mailbox',
  'directory.set': 'who sees names and addresses; administrators see them in any case',
  'sign_in_provider.get': 'its settings, without the secret',
  'sign_in_provider.set':
    'who somebody is there is issuer and subject: another issuer knows nobody here, and an address alone lets nobody in who has an account',
  'sign_in_provider.test': 'signs nobody in; the stored secret goes to the stored issuer only',
  'sign_in_provider.try': 'goes the whole way, shows what came of it, and signs nobody in',
  'erasures.list': 'who asked to be erased, and until when they can change their mind',
  'privacy.set_contact': 'whom people may ask about privacy: words that everybody sees',
  'providers.list': 'models, without their keys',
  'providers.add': 'where questions of those go who choose that model; no login is sent there',
  'providers.change': 'the same',
  'providers.remove': 'the same',
  'providers.test': 'the same',
}

const ACTS = ENDPOINTS.filter(({ access }) => access === 'admin')

let world: World
let models: ModelServer
let alice: SignedIn
let carol: SignedIn
let things: Things
let schema: string
beforeAll(async () => {
  models = await startModelServer({ key: CANARIES.key })
  world = await createWorld({ egressAllow: models.allow })
  schema = await schemaOf(world, 'acme')
  alice = await world.signIn('alice')
  carol = await world.signIn('carol')
  things = await makeThings({ ...world, alice, carol, models, again: await world.signIn('alice') })
})
afterAll(async () => {
  await world.close()
  await models.close()
})
beforeEach(async () => {
  await world.sql(`delete from ${schema}.recovery`)
  await world.sql(`delete from ${schema}.link where kind = 'recovery'`)
  await world.sql(`update ${schema}."user" set status = 'active', role = 'user' where name = $1`, [PEOPLE.alice.name])
})

/** What proves that somebody is Alice, and where links for her go. */
const whatIsAlice = async () => {
  const { rows } = await world.sql(
    `select u.id, u.email, u.name, u.time_joined, c.password_hash from ${schema}."user" u join ${schema}.credential c on c.user_id = u.id where u.name = $1`,
    [PEOPLE.alice.name],
  )
  return JSON.stringify(rows)
}
const secretsOf = async () => (await world.mail.all()).flatMap(({ token }) => (token === '' ? [] : [token.split('.')[1]!]))
const refusal = (answer: Answer) => [answer.status, codeOf(answer)]
const ofAlice = (act: string) => `/api/members/${alice.me.user.id}${act}`
const readsHerChat = async () => (await carol.call('GET', `/api/chats/${things.chatId}`)).status

test('every act of administrators is declared here with why it is no way in, and nothing else is', () => {
  expect(Object.keys(NO_WAY_IN).sort()).toEqual(ACTS.map(({ id }) => id).sort())
})

describe('each act, aimed at Alice', () => {
  test.each(ACTS)('$id leaves what proves that she is Alice as it was, and shows no link and no secret', async (endpoint) => {
    const before = await whatIsAlice()
    const example = exampleOf(endpoint, things)
    const params = example.params && { ...example.params, ...('userId' in example.params && { userId: alice.me.user.id }) }
    for (const request of [{ ...example, ...(params && { params }) }, example]) {
      const answer = await carol.call(endpoint.method, urlOf(endpoint, request), request.body)
      expect(answer.status).toBeLessThan(500)
      for (const secret of [...(await secretsOf()), CANARIES.key, CANARIES.question, CANARIES.draft, CANARIES.token])
        expect(answer.text + JSON.stringify(answer.headers)).not.toContain(secret)
    }
    expect(await whatIsAlice()).toBe(before)
    expect(await readsHerChat()).toBe(404)
  })
})

describe('Carol', () => {
  beforeAll(async () => {
    carol = await world.signIn('carol')
  })

  test('recovers nobody alone: what she begins she does not decide, and its link is not hers', async () => {
    const { body } = await carol.call<{ recovery: Recovery }>('POST', ofAlice('/recovery'), { lost: 'password_and_factors' })
    expect(refusal(await carol.call('POST', `/api/recoveries/${body.recovery.id}/decide`, { approve: true }))).toEqual([
      403,
      'recovery.not_yours',
    ])
    const { rows } = await world.sql(`select from ${schema}.link where kind = 'recovery' and user_id = $1`, [alice.me.user.id])
    expect(rows).toEqual([])
  })

  test('with a second administrator of her own making is seen by the person, who stops it', async () => {
    const email = 'sock@acme.test'
    await carol.call('POST', '/api/members', { name: 'A Sock', email, role: 'admin' })
    const joined = await world.call<{ token: string }>('POST', '/api/invitations/accept', {
      body: { token: (await world.mail.last(email)).token, password: PASSWORD, deliver: 'token' },
    })
    const { body } = await carol.call<{ recovery: Recovery }>('POST', ofAlice('/recovery'), { lost: 'password_and_factors' })
    const decided = await world.call('POST', `/api/recoveries/${body.recovery.id}/decide`, {
      body: { approve: true },
      headers: { authorization: `Bearer ${joined.body.token}` },
    })
    const { to, token } = await world.mail.last(PEOPLE.alice.email)
    expect([decided.status, to, decided.text.includes(token)]).toEqual([200, PEOPLE.alice.email, false])
    const again = await world.signIn('alice')
    expect((await again.call('POST', '/api/me/recovery/stop')).status).toBe(204)
    const used = await world.call('POST', '/api/recovery/use', { body: { token, password: 'another horse battery staple' } })
    expect(refusal(used)).toEqual([404, 'recovery.invalid'])
  })

  test('reads no letter: no endpoint serves them, and the folder is its owner’s', async () => {
    const { folder } = world.config.mail
    expect((await stat(folder)).mode & 0o777).toBe(0o700)
    for (const path of ['/mail', '/mail/', '/data/mail', '/../mail', '/%2e%2e/mail', '/api/mail', '/api/letters']) {
      const answer = await carol.call('GET', path)
      for (const secret of await secretsOf()) expect(answer.text).not.toContain(secret)
    }
  })

  test('invites nobody under an address that is taken, whether its person is suspended or not', async () => {
    const before = await whatIsAlice()
    const invite = () => carol.call('POST', '/api/members', { name: 'Alice Moreau', email: PEOPLE.alice.email })
    const many = async () =>
      (
        await carol.call<{ outcomes: { outcome: string }[] }>('POST', '/api/members/invite', {
          people: [{ name: 'Alice Moreau', email: ` ${PEOPLE.alice.email.toUpperCase()} ` }],
        })
      ).body.outcomes[0]!.outcome
    expect([refusal(await invite()), await many()]).toEqual([[409, 'member.exists'], 'exists'])
    expect((await carol.call('POST', ofAlice('/suspend'))).status).toBe(200)
    expect([refusal(await invite()), await many()]).toEqual([[409, 'member.exists'], 'exists'])
    expect(refusal(await carol.call('POST', ofAlice('/invitation')))).toEqual([409, 'member.joined'])
    expect(refusal(await carol.call('DELETE', ofAlice('/invitation')))).toEqual([409, 'member.joined'])
    expect(await whatIsAlice()).toBe(before)
  })

  test('makes of a role no key: as whatever she makes Alice, Alice’s chats stay Alice’s', async () => {
    for (const role of ['admin', 'user']) {
      await carol.call('POST', ofAlice('/role'), { role })
      expect(await readsHerChat()).toBe(404)
    }
    const again = await world.signIn('alice')
    expect((await again.call('GET', `/api/chats/${things.chatId}`)).status).toBe(200)
  })

  test('changes no address but her own: no act takes one for a person who is there, and Alice’s link is no use to her', async () => {
    const takesAddress = ENDPOINTS.filter(
      ({ body, path }) => body && 'shape' in body && 'email' in (body.shape as object) && /:userId/.test(path),
    )
    expect(takesAddress).toEqual([])
    const again = await world.signIn('alice')
    await world.sql(`delete from ${schema}.link where kind = 'address'`)
    await again.call('POST', '/api/me/address', { email: 'alice@elsewhere.test' })
    const { token } = await world.mail.last('alice@elsewhere.test')
    expect(refusal(await carol.call('POST', '/api/me/address/confirm', { token }))).toEqual([404, 'address.invalid'])
    await carol.call('POST', '/api/me/address', { email: PEOPLE.alice.email })
    const list = (await carol.call<{ items: Member[] }>('GET', '/api/members?query=alice')).body.items
    expect(list.map(({ id, email }) => [id, email])).toContainEqual([alice.me.user.id, PEOPLE.alice.email])
  })

  test('removes who never joined, and what she makes anew under that address is somebody else', async () => {
    const email = 'nobody-yet@acme.test'
    const add = async () => (await carol.call<{ member: Member }>('POST', '/api/members', { name: 'Nobody Yet', email })).body.member.id
    const first = await add()
    const { token } = await world.mail.last(email)
    expect((await carol.call('DELETE', `/api/members/${first}/invitation`)).status).toBe(204)
    expect(await add()).not.toBe(first)
    expect((await world.call('POST', '/api/invitations/accept', { body: { token, password: PASSWORD } })).status).toBe(404)
  })
})
