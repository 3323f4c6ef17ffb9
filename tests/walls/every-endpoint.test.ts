/**
 * Every endpoint of the contract, called by everyone else with the owner's ids. What does not belong to a caller does not exist for
 * them: same bytes as for an id that never was, no byte of the owner's, nothing changed. A new endpoint is covered once it is declared.
 */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Endpoint } from '#contract/endpoint.ts'
import type { Problem } from '#contract/errors.ts'
import type { Factors } from '#contract/factors.ts'
import { ENDPOINTS } from '#contract/index.ts'
import { SetupCode } from '#server/auth/setup-code.ts'
import { schemaName } from '#server/isolation/tables.ts'
import { systemClock } from '#server/kernel/clock.ts'
import type { Authenticator } from '#tests/support/authenticator.ts'
import {
  CANARIES,
  ENDLESS,
  EXAMPLES,
  encoded,
  exampleOf,
  IN_ORDER,
  linkTo,
  makeThings,
  type Request,
  rowsNaming,
  setUpProvider,
  type Things,
  until,
  urlOf,
} from '#tests/support/examples.ts'
import { freshOf, passkeyOf, signInWithPasskey } from '#tests/support/factors.ts'
import { type ModelServer, startModelServer } from '#tests/support/model-server.ts'
import { CLIENT, type ScriptedProvider, startScriptedProvider } from '#tests/support/scripted-provider.ts'
import { type Answer, chatOf, codeOf, createWorld, type SignedIn, type World } from '#tests/support/world.ts'

type Visitor = 'anonymous' | 'bob' | 'carol' | 'trent' | 'mallory'
const VISITORS = ['anonymous', 'bob', 'carol', 'trent', 'mallory'] as const
/** Who sends these has proven with the request itself who they are. */
const PROVING = ['auth.sign_in', 'auth.passkey', 'auth.second_factor', 'invitation.accept', 'recovery.use', 'auth.finish_reset']
/** What those get who have no such thing themselves, where it has no id by which it could be the owner's. */
const HAS_NONE: Readonly<Record<string, readonly [number, string]>> = {
  'passkeys.add': [403, 'passkey.refused'],
  'authenticator_app.confirm': [403, 'auth.wrong_code'],
  'authenticator_app.remove': [404, 'authenticator_app.not_found'],
  'recovery_codes.make': [409, 'factor.none'],
}
/** Asked about several at once, these say of each what became of it: of the owner's what they say of one that never was. */
const OF_MANY = ['chats.change_many', 'chats.find', 'chats.used', 'sharing.leave']
/** What names a letter is refused to others as it is to those who make one up: tests/people. */
const BY_LETTER = ['address.asked', 'address.confirm']

let world: World
let models: ModelServer
let provider: ScriptedProvider
let alice: SignedIn
let people: Record<Exclude<Visitor, 'anonymous'>, SignedIn>
let things: Things
/** Alice's passkey is on it: she signs in with it, and her password alone is not enough. */
let device: Authenticator

beforeAll(async () => {
  models = await startModelServer({ key: CANARIES.key })
  provider = await startScriptedProvider()
  world = await createWorld({ egressAllow: `${models.allow},${provider.allow}` })
  alice = await world.signIn('alice')
  people = {
    bob: await world.signIn('bob'),
    carol: await world.signIn('carol'),
    trent: await world.signIn('trent'),
    mallory: await world.signIn('mallory'),
  }
  things = await makeThings({ ...world, alice, carol: people.carol, models, provider, again: await world.signIn('alice') })
  // The others have links of their own, so that what they are refused is what is Alice’s.
  await setUpProvider(people.mallory, provider)
  for (const name of ['bob', 'carol', 'trent', 'mallory'] as const) await linkTo(people[name], provider, `${name}-there`)
  ;({ device } = await passkeyOf(alice))
  const { passkeys } = (await alice.call<Factors>('GET', '/api/me/factors')).body
  things = { ...things, passkeyId: passkeys[0]!.id }
})
afterAll(async () => {
  await world.close()
  await Promise.all([models.close(), provider.close()])
})

/** Whose the things of an endpoint are: an administrator's endpoints concern Carol's, the others Alice's. */
const ownerOf = (endpoint: Endpoint): SignedIn => (endpoint.access === 'admin' ? people.carol : alice)

function send(visitor: Visitor | 'owner', endpoint: Endpoint, request: Request): Promise<Answer> {
  const who = visitor === 'anonymous' ? undefined : visitor === 'owner' ? ownerOf(endpoint) : people[visitor]
  const headers = { ...(who ? { authorization: `Bearer ${who.token}` } : {}), 'last-event-id': '3-0' }
  const sent = encoded(endpoint, request.body)
  return world.call(endpoint.method, urlOf(endpoint, request), { ...sent, headers: { ...sent.headers, ...headers } })
}

/** Ids that name something of the owner's; those of a request's own making, such as an idempotency key, do not. */
const idsIn = (of: Things) => [
  of.chatId,
  of.questionId,
  of.generationId,
  of.cutId,
  of.providerId,
  of.pendingId,
  of.pictured,
  of.cancelledId,
  of.lostId,
  of.recoveryId,
  of.sessionId,
  of.apiTokenId,
  of.eventId,
  of.identityId,
  of.passkeyId,
  of.exportId,
]

function swap(request: Request, by: (id: string) => string): Request {
  return JSON.parse(idsIn(things).reduce((text, id) => text.replaceAll(id, by(id)), JSON.stringify(request)))
}

const namesThings = (request: Request) => idsIn(things).some((id) => JSON.stringify(request).includes(id))
const withoutRequestId = (answer: Answer) => ({
  status: answer.status,
  text: answer.text.replace((answer.body as Problem).requestId, ''),
  headers: Object.keys(answer.headers).sort(),
})

function expectNothingOf(answer: Answer, visitor: Visitor): void {
  const seen = answer.text + JSON.stringify(answer.headers)
  const isForeigner = visitor === 'anonymous' || visitor === 'trent' || visitor === 'mallory'
  const secrets = isForeigner ? Object.values(CANARIES) : Object.values({ ...CANARIES, provider: CANARIES.key })
  for (const secret of secrets) expect(seen).not.toContain(secret)
}

/** Every row that names the owner or their things. */
const snapshot = (owner: SignedIn = alice) => rowsNaming(world, [...idsIn(things), owner.me.user.id])

/** What the directory shows, it shows to everyone of the organisation. */
const isShown = (visitor: Visitor, { id }: Endpoint) => id === 'members.picture' && ['bob', 'carol'].includes(visitor)

/** What the endpoint's declared access means for a visitor; where it lets them in, the owner's things do not exist. */
async function expectRefusal(visitor: Visitor, endpoint: Endpoint, { request, answer }: { request: Request; answer: Answer }) {
  if (endpoint.access === 'anyone') return
  if (visitor === 'anonymous') return expect([answer.status, codeOf(answer)]).toEqual([401, 'auth.required'])
  if (endpoint.access === 'admin' && people[visitor].me.user.role !== 'admin')
    return expect([answer.status, codeOf(answer)]).toEqual([403, 'auth.not_allowed'])
  const none = HAS_NONE[endpoint.id]
  if (none) return expect([answer.status, codeOf(answer)]).toEqual(none)
  if (endpoint.id === 'deletion.ask') {
    const refused = people[visitor].me.user.role === 'admin' ? [409, 'deletion.last_administrator'] : [400, 'deletion.wrong_address']
    return expect([answer.status, codeOf(answer)]).toEqual(refused)
  }
  if (!namesThings(request) || isShown(visitor, endpoint)) return expect(answer.status).toBe(endpoint.status)
  const never = await send(
    visitor,
    endpoint,
    swap(request, () => crypto.randomUUID()),
  )
  if (OF_MANY.includes(endpoint.id)) {
    const withoutIds = ({ status, text }: Answer) => [status, text.replace(/[0-9a-f-]{36}/g, 'id')]
    expect(answer.status).toBe(200)
    return expect(withoutIds(answer)).toEqual(withoutIds(never))
  }
  expect(answer.status).toBe(404)
  expect(withoutRequestId(answer)).toEqual(withoutRequestId(never))
}

test('every endpoint has an example, and every example an endpoint', () => {
  expect(Object.keys(EXAMPLES).sort()).toEqual(ENDPOINTS.map(({ id }) => id).sort())
})

test('the snapshot sees what the owners have', async () => {
  const before = await snapshot()
  for (const id of [...idsIn(things), alice.me.user.id]) expect(before).toContain(id)
  await alice.call('PATCH', `/api/chats/${things.chatId}`, { description: `${CANARIES.title} again` })
  expect(await snapshot()).not.toBe(before)
})

describe('everyone else, with the ids of the owner', () => {
  for (const endpoint of ENDPOINTS.filter(({ id }) => ![...PROVING, ...BY_LETTER, ...ENDLESS, 'auth.sign_out'].includes(id))) {
    test(`${endpoint.method} ${endpoint.path} (${endpoint.id})`, async () => {
      const request = exampleOf(endpoint, things)
      const before = await snapshot(ownerOf(endpoint))
      for (const visitor of VISITORS.filter((name) => name === 'anonymous' || people[name] !== ownerOf(endpoint))) {
        const answer = await send(visitor, endpoint, request)
        expectNothingOf(answer, visitor)
        await expectRefusal(visitor, endpoint, { request, answer })
      }
      expect(await snapshot(ownerOf(endpoint))).toBe(before)
    })
  }
})

describe("the owner's things, named inside a visitor's own", () => {
  const NAMING = [
    'branches.show',
    'chats.fork',
    'feedback.give',
    'feedback.remove',
    'messages.send',
    'generations.start',
    'generations.follow',
    'generations.continue',
    'generations.stop',
  ]
  const naming = ENDPOINTS.filter(({ id }) => NAMING.includes(id))

  test('these are all the endpoints that name a message inside a chat', () => {
    const names = (endpoint: Endpoint) =>
      [things.generationId, things.questionId, things.cutId].some((id) => JSON.stringify(exampleOf(endpoint, things)).includes(id))
    expect(
      ENDPOINTS.filter(names)
        .map(({ id }) => id)
        .sort(),
    ).toEqual(naming.map(({ id }) => id).sort())
  })

  for (const endpoint of naming) {
    test(`${endpoint.id}: another chat does not lend its messages`, async () => {
      const request = exampleOf(endpoint, things)
      const before = await snapshot()
      for (const visitor of ['bob', 'trent'] as const) {
        const own = await chatOf(people[visitor], { description: 'Mine', question: 'hello' })
        const inside = (id: string) => (id === things.chatId ? own.chatId : id)
        const answer = await send(visitor, endpoint, swap(request, inside))
        const never = await send(
          visitor,
          endpoint,
          swap(request, (id) => (id === things.chatId ? own.chatId : crypto.randomUUID())),
        )
        expect(answer.status).toBe(404)
        expect(withoutRequestId(answer)).toEqual(withoutRequestId(never))
        expectNothingOf(answer, visitor)
      }
      expect(await snapshot()).toBe(before)
    })
  }
})

test('no other verb at any address gives anything, to anyone', async () => {
  const before = await snapshot()
  for (const path of new Set(ENDPOINTS.map((endpoint) => urlOf(endpoint, exampleOf(endpoint, things)).split('?')[0] ?? ''))) {
    const declared = ENDPOINTS.filter((one) => urlOf(one, exampleOf(one, things)).split('?')[0] === path).map(({ method }) => method)
    for (const method of ['HEAD', 'PUT', 'OPTIONS', 'GET', 'POST', 'PATCH', 'DELETE', 'TRACE']) {
      if ((declared as string[]).includes(method)) continue
      for (const who of [undefined, alice, people.bob]) {
        const answer = await world.call(method, path, { headers: who ? { authorization: `Bearer ${who.token}` } : {} })
        // `PATCH /api/providers/test` is the address of a provider called “test”, so not all of these are unknown addresses.
        expect(`${method} ${path} ${answer.status}`).toMatch(/ 4(00|01|03|04)$/)
        expectNothingOf(answer, 'anonymous')
      }
    }
  }
  expect(await snapshot()).toBe(before)
})

test("a cursor of another person's list is refused", async () => {
  const own = await chatOf(people.bob, { description: 'Mine', question: 'hello' })
  for (const visitor of [people.bob, people.carol, people.trent]) {
    const chats = await visitor.call('GET', `/api/chats?cursor=${things.cursors.chats}`)
    expect([chats.status, codeOf(chats)]).toEqual([400, 'cursor.invalid'])
  }
  const messages = await people.bob.call('GET', `/api/chats/${own.chatId}/messages?cursor=${things.cursors.messages}`)
  expect([messages.status, codeOf(messages)]).toEqual([400, 'cursor.invalid'])
  const otherList = await alice.call('GET', `/api/chats?cursor=${things.cursors.messages}`)
  expect([otherList.status, codeOf(otherList)]).toEqual([400, 'cursor.invalid'])
  expect((await alice.call('GET', `/api/chats?cursor=${things.cursors.chats}`)).status).toBe(200)
})

test('a live answer is neither followed nor stopped by anyone else', async () => {
  const calls = models.requests.length
  const made = await alice.call<{ id: string }>('POST', '/api/chats', { model: `${things.providerId}:slow` })
  const asked = await alice.call<{ answer: { id: string } }>('POST', `/api/chats/${made.body.id}/messages`, {
    text: `one two ${CANARIES.question} three four`,
    parentId: null,
    idempotencyKey: crypto.randomUUID(),
  })
  const generation = `/api/chats/${made.body.id}/generations/${asked.body.answer.id}`
  await expect.poll(() => models.requests.length).toBeGreaterThan(calls)
  for (const visitor of Object.values(people)) {
    for (const answer of [
      await visitor.call('GET', `${generation}/events`),
      await visitor.call('GET', `${generation}/events`, undefined, { 'last-event-id': '0-0' }),
      await visitor.call('POST', `${generation}/stop`),
    ]) {
      expect([answer.status, codeOf(answer)]).toEqual([404, 'chat.not_found'])
      expect(answer.text).not.toContain('event:')
    }
  }
  expect((await alice.call<{ answering: boolean }>('GET', `/api/chats/${made.body.id}`)).body.answering).toBe(true)
  models.release()
  const followed = await alice.call('GET', `${generation}/events`)
  expect(followed.text).toContain(CANARIES.question)
  expect(followed.text).toContain('"status":"complete"')
})

describe('a login whose proof is old', () => {
  for (const endpoint of ENDPOINTS.filter(({ proof }) => proof)) {
    test(`${endpoint.id} is refused to it, changes nothing, and says what would help`, async () => {
      const owner = await (endpoint.access === 'admin' ? world.signIn('carol') : signInWithPasskey(world, device))
      const schema = schemaName(owner.me.organisation.id)
      const session = [owner.me.session.id]
      await world.sql(`update ${schema}.auth_token set proven_at = now() - interval '31 minutes' where session_id = $1`, session)
      const before = await snapshot(owner)
      const request = exampleOf(endpoint, things)
      const answer = await owner.call(endpoint.method, urlOf(endpoint, request), request.body)
      expect([answer.status, codeOf(answer)]).toEqual([401, 'auth.proof_needed'])
      expect(answer.headers['www-authenticate']).toBe('Bearer error="insufficient_user_authentication"')
      expect(await snapshot(owner)).toBe(before)
    })
  }
})

describe('the owner, with the same request', () => {
  for (const endpoint of IN_ORDER.filter(({ id }) => ![...ENDLESS, 'setup.run', 'auth.oidc_finish'].includes(id))) {
    test(`${endpoint.id} succeeds`, async () => {
      const request = (await { ...freshOf({ world, person: alice, device }), ...FRESH }[endpoint.id]?.()) ?? exampleOf(endpoint, things)
      const answer = await send(endpoint.access === 'anyone' ? 'anonymous' : 'owner', endpoint, request)
      expect(`${answer.status} ${answer.status === endpoint.status ? '' : answer.text}`).toBe(`${endpoint.status} `)
    })
  }

  /** What is good once, so that an example made before is good no more. */
  const FRESH: Readonly<Record<string, () => Promise<Request>>> = {
    'address.confirm': freshAddress,
    'invitation.accept': freshInvitation,
    'auth.finish_reset': freshReset,
    'auth.oidc_logout': freshLogout,
  }

  /** Whoever changed their password above has no use for the link that they asked for before. */
  async function freshReset(): Promise<Request> {
    const letters = async () => (await world.mail.to('bob@acme.test')).length
    const before = await letters()
    await world.call('POST', '/api/auth/reset', { body: { email: 'bob@acme.test', organisation: 'acme' } })
    await until(async () => (await letters()) > before)
    return EXAMPLES['auth.finish_reset']!({ ...things, resetToken: (await world.mail.last('bob@acme.test')).token })
  }

  /** That it was not her, said above, ended the change that was asked for before. */
  async function freshAddress(): Promise<Request> {
    await alice.call('POST', '/api/me/address', { email: 'alice@moreau.test' })
    return EXAMPLES['address.confirm']!({ ...things, addressToken: (await world.mail.last('alice@moreau.test')).token })
  }

  /** The first link stopped working when a newer one was made above. */
  async function freshInvitation(): Promise<Request> {
    await people.carol.call('POST', `/api/members/${things.pendingId}/invitation`)
    return EXAMPLES['invitation.accept']!({ ...things, invitationToken: (await world.mail.last('erin@acme.test')).token })
  }

  async function freshLogout(): Promise<Request> {
    const claims = {
      iss: provider.issuer,
      aud: CLIENT.id,
      iat: Math.floor(Date.now() / 1_000),
      jti: crypto.randomUUID(),
      sub: 'alice-there',
    }
    const events = { 'http://schemas.openid.net/event/backchannel-logout': {} }
    return { params: { tenantId: things.tenantId }, body: { logout_token: await provider.sign({ ...claims, events }) } }
  }

  test('auth.oidc_finish succeeds for the browser that set out and is back', async () => {
    const begun = await world.call<{ address: string }>('POST', '/api/auth/oidc/start', { body: { organisation: 'acme' } })
    const cookie = String(begun.headers['set-cookie']).split(';')[0] ?? ''
    const { pathname, search } = provider.signIn(begun.body.address, { sub: 'bob-there' })
    await world.call('GET', `${pathname}${search}`, { headers: { cookie } })
    expect((await world.call('POST', '/api/auth/oidc/finish', { headers: { cookie } })).status).toBe(200)
  })

  test('setup.run succeeds on a server without an organisation', async () => {
    let code = ''
    const setupCode = new SetupCode(systemClock, (shown) => {
      code = shown
    })
    setupCode.announce()
    const empty = await createWorld({ empty: true, setupCode })
    const request = EXAMPLES['setup.run']!(things)
    expect((await empty.call('POST', '/api/setup', { body: { ...request.body, code } })).status).toBe(201)
    await empty.close()
  })
})
