/**
 * The published description of the API, taken at its word: requests made from the schemas of /openapi.json, fitting, nearly fitting and
 * not at all, as a stranger, a person and an administrator. Every reply has a status, a body and a code that the description names.
 */
import { Ajv2020 } from 'ajv/dist/2020.js'
import fc from 'fast-check'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import type { Me } from '#contract/accounts.ts'
import type { Endpoint } from '#contract/endpoint.ts'
import type { UserId } from '#contract/ids.ts'
import { PASSWORD } from '#tests/support/cast.ts'
import { schemaOf } from '#tests/support/conversation.ts'
import { CANARIES, ENDLESS, encoded, exampleOf, IN_ORDER, makeThings, PIXELS, type Things, urlOf } from '#tests/support/examples.ts'
import { type ModelServer, startModelServer } from '#tests/support/model-server.ts'
import { type ScriptedProvider, startScriptedProvider } from '#tests/support/scripted-provider.ts'
import { type Answer, createWorld, type SignedIn, type World } from '#tests/support/world.ts'
import { anythingLike, fitting, type Schema } from './from-schema.ts'

interface Operation {
  readonly parameters?: readonly { readonly name: string; readonly in: 'path' | 'query'; readonly schema: Schema }[]
  readonly requestBody?: { readonly content: Readonly<Record<string, { readonly schema: Schema }>> }
  readonly responses: Readonly<Record<string, Response>>
}
interface Response {
  readonly description: string
  /** Without a schema: bytes. */
  readonly content?: Readonly<Record<string, { readonly schema?: Schema }>>
  readonly 'x-events'?: Readonly<Record<string, Schema>>
}
interface Sent {
  readonly visitor: (typeof VISITORS)[number]
  readonly params: Record<string, string>
  readonly query: Record<string, string>
  readonly body: unknown
}

const VISITORS = ['anonymous', 'bob', 'alice', 'carol'] as const
/** Each hashes a password when it is taken. */
const SLOW = ['setup.run', 'auth.sign_in', 'auth.sign_out', 'invitation.accept']
/** There is an organisation already, nobody is on their way through a provider, and no logout token is guessed. */
const NEVER = [
  'setup.run',
  'auth.oidc_finish',
  'auth.oidc_logout',
  // A second factor, or something of it that is good once, would be needed: tests/walls/every-endpoint.test.ts has them.
  'auth.passkey',
  'auth.second_factor_begin',
  'auth.second_factor',
  'passkeys.add',
  'passkeys.rename',
  'passkeys.remove',
  'authenticator_app.confirm',
  'authenticator_app.remove',
  'recovery_codes.make',
]

let world: World
let models: ModelServer
let provider: ScriptedProvider
let people: Record<Exclude<Sent['visitor'], 'anonymous'>, SignedIn>
let things: Things
/** Somebody to whom administrators may do what they can. */
let gina: UserId
let paths: Record<string, Record<string, Operation>>
const ajv = new Ajv2020({ strict: false, validateFormats: false })

beforeAll(async () => {
  models = await startModelServer({ key: CANARIES.key })
  provider = await startScriptedProvider()
  world = await createWorld({ egressAllow: `${models.allow},${provider.allow}` })
  people = { alice: await world.signIn('alice'), bob: await world.signIn('bob'), carol: await world.signIn('carol') }
  await people.carol.call('POST', '/api/members', { name: 'Gina Berg', email: 'gina@acme.test' })
  const body = { token: (await world.mail.last('gina@acme.test')).token, password: PASSWORD, deliver: 'token' }
  gina = (await world.call<{ me: Me }>('POST', '/api/invitations/accept', { body })).body.me.user.id
  // The one who was invited with the other things gets new links meanwhile.
  await people.carol.call('POST', '/api/members', { name: 'Frank Ito', email: 'frank@acme.test' })
  things = {
    ...(await makeThings({ ...world, ...people, models, provider, again: await world.signIn('alice') })),
    invitationToken: (await world.mail.last('frank@acme.test')).token,
  }
  const document = (await world.call<{ paths: typeof paths; components: object }>('GET', '/openapi.json')).body
  paths = document.paths
  ajv.addSchema({ $id: 'document', components: document.components })
})
afterAll(async () => {
  await world.close()
  await Promise.all([models.close(), provider.close()])
})

/** Strings that mean something here, by the name of the field that would hold them. */
const known = (): Record<string, readonly string[]> => ({
  '': ['librarian', `${things.providerId}:echo`, 'acme', '', '0', 'null', '../..', '\u0000', '\ud800', 'x'.repeat(301), 'Ω\u202e'],
  chatId: [things.chatId, things.questionId],
  generationId: [things.generationId, things.questionId],
  parentId: [things.generationId, things.questionId],
  questionId: [things.questionId, things.generationId],
  providerId: [things.providerId, things.chatId],
  userId: [things.pendingId, gina],
  // Own logins are not among these: what goes on needs them.
  sessionId: [things.sessionId, things.apiTokenId],
  eventId: [things.eventId, things.chatId],
  identityId: [things.identityId, things.chatId],
  tenantId: [things.tenantId, things.chatId],
  issuer: [provider.issuer, 'http://169.254.169.254', 'https://localhost', 'x'],
  cursor: Object.values(things.cursors),
  email: ['alice@acme.test', 'new@acme.test', 'ERIN@acme.test '],
  password: [PASSWORD, 'password1234'],
  picture: [PIXELS],
  token: [things.invitationToken],
  // Nobody else's server is called: the vendors' own addresses are not among these.
  baseUrl: [models.url, 'http://169.254.169.254/v1', 'http://[::1]:1/v1', 'ftp://127.0.0.1', 'http://', 'x'],
})

/** Requests to an endpoint: made from its schemas, or its example with something changed. */
function requestsTo(endpoint: Endpoint, operation: Operation): fc.Arbitrary<Sent> {
  const example = exampleOf(endpoint, things)
  const given = (where: 'path' | 'query') =>
    fc.record(
      Object.fromEntries(
        (operation.parameters ?? [])
          .filter((one) => one.in === where)
          .map(({ name, schema }) => [
            name,
            fc.oneof({ weight: 4, arbitrary: fitting(schema, known(), name) }, fc.constantFrom(...known()['']!), fc.string()).map(String),
          ]),
      ),
      where === 'query' ? { requiredKeys: [] } : {},
    ) as fc.Arbitrary<Record<string, string>>
  const schema = Object.values(operation.requestBody?.content ?? {})[0]?.schema
  const body = schema ? fc.oneof(fitting(schema, known()), anythingLike(fitting(schema, known())), fc.constant(example.body)) : nothing
  return fc.record({
    visitor: fc.constantFrom(...VISITORS),
    params: fc.oneof(fc.constant(example.params ?? {}), given('path')),
    query: fc.oneof(fc.constant({}), given('query')),
    body: endpoint.id === 'providers.test' ? body.map((one) => ({ baseUrl: models.url, ...(one as object) })) : body,
  })
}

const ownerOf = ({ access }: Endpoint) => (access === 'admin' ? 'carol' : 'alice')

const nothing = fc.oneof({ weight: 9, arbitrary: fc.constant(undefined) }, fc.jsonValue())

function send(endpoint: Endpoint, { visitor, params, query, body }: Sent, as = people): Promise<Answer> {
  const safe = Object.fromEntries(Object.entries(params).map(([name, value]) => [name, encodeURIComponent(value.toWellFormed())]))
  const sent = encoded(endpoint, body)
  const text = sent.body === undefined ? undefined : typeof sent.body === 'string' && endpoint.form ? sent.body : JSON.stringify(body)
  const headers = visitor === 'anonymous' ? {} : { authorization: `Bearer ${as[visitor].token}` }
  return world.call(endpoint.method, urlOf(endpoint, { params: safe, query }), { body: text, headers: { ...sent.headers, ...headers } })
}

/** Fails unless the reply is one that the description of the operation names. */
function expectDescribed(answer: Answer, operation: Operation): void {
  expect(answer.status).toBeLessThan(500)
  const response = operation.responses[answer.status]
  if (!response) throw new Error(`the status ${answer.status} is not described: ${answer.text}`)
  const type = String(answer.headers['content-type'] ?? '').split(';')[0] ?? ''
  const content = response.content?.[type]
  const schema = content?.schema
  if (!content && answer.text !== '') throw new Error(`the type “${type}” is not described for ${answer.status}: ${answer.text}`)
  if (response['x-events']) expectEvents(answer.text, response['x-events'])
  else if (schema) expectFits(answer.body, schema)
  if (answer.status >= 400) expect(response.description).toContain(`\`${(answer.body as { code: string }).code}\``)
}

function expectEvents(text: string, kinds: Readonly<Record<string, Schema>>): void {
  for (const block of text.split('\n\n').filter((one) => one.startsWith('id: '))) {
    const [, kind = '', data = ''] = /^event: (.*)\ndata: (.*)$/m.exec(block) ?? []
    expectFits(JSON.parse(data), kinds[kind] ?? { not: {} })
  }
}

function expectFits(value: unknown, schema: Schema): void {
  const local = schema.$ref === undefined ? schema : { $ref: `document${schema.$ref}` }
  if (!ajv.validate(local, value)) throw new Error(`${ajv.errorsText()}: ${JSON.stringify(value)}`)
}

/** What is good once, and what many failures close: other endpoints have used it up by now. */
const FRESH: Readonly<Record<string, () => Promise<Partial<Things>>>> = {
  'invitation.accept': async () => {
    await people.carol.call('POST', '/api/members', { name: 'Iris Lund', email: 'iris@acme.test' })
    return { invitationToken: (await world.mail.last('iris@acme.test')).token }
  },
  'auth.finish_reset': async () => {
    const before = (await world.mail.to('bob@acme.test')).length
    await world.call('POST', '/api/auth/reset', { body: { email: 'bob@acme.test', organisation: 'acme' } })
    await expect.poll(async () => (await world.mail.to('bob@acme.test')).length).toBeGreaterThan(before)
    return { resetToken: (await world.mail.last('bob@acme.test')).token }
  },
  'address.confirm': async () => {
    await world.sql(`delete from ${await schemaOf(world, 'acme')}.link where kind = 'address'`)
    await people.alice.call('POST', '/api/me/address', { email: 'alice.moreau@acme.test' })
    return { addressToken: (await world.mail.last('alice.moreau@acme.test')).token }
  },
  'password.change': async () => {
    await world.sql(`update ${await schemaOf(world, 'acme')}.credential set failures = 0, closed_at = null`)
    return {}
  },
}

/**
 * Rules made up at random ask for longer passwords, end these logins or let their proofs run out on a machine that is slow, and hide people
 * from each other.
 */
async function keepPeopleIn(): Promise<void> {
  const schema = await schemaOf(world, 'acme')
  await world.sql(`update ${schema}.login_policy set preset = default, least_password_length = default, second_factor = default,
    directory = default`)
  await world.sql(`update ${schema}.auth_session set idle_limit_s = 86400, expires_at = now() + interval '1 day', proof_good_for_s = 3600,
    restricted = false where revoked_at is null and idle_limit_s is not null`)
  await world.sql(`update ${schema}.auth_session_seen set seen_at = now()`)
  await world.sql(`update ${schema}.auth_token set proven_at = now() where proven_at is not null`)
}

describe('replies are as described, whatever is sent to', () => {
  beforeEach(keepPeopleIn)

  for (const endpoint of IN_ORDER.filter(({ id }) => !ENDLESS.includes(id))) {
    test(`${endpoint.method} ${endpoint.path} (${endpoint.id})`, { timeout: 60_000 }, async () => {
      const operation = paths[endpoint.path.replace(/:(\w+)/g, '{$1}')]?.[endpoint.method.toLowerCase()]
      if (!operation) throw new Error('it is not described')
      things = { ...things, ...(await FRESH[endpoint.id]?.()) }
      const statuses = new Set<number>()
      const property = fc.asyncProperty(requestsTo(endpoint, operation), async (sent) => {
        const as = endpoint.id === 'auth.sign_out' ? { ...people, bob: await world.signIn('bob') } : people
        const answer = await send(endpoint, sent, as)
        statuses.add(answer.status)
        expectDescribed(answer, operation)
      })
      const first: Sent = { params: {}, query: {}, body: undefined, ...exampleOf(endpoint, things), visitor: ownerOf(endpoint) }
      await fc.assert(property, { numRuns: SLOW.includes(endpoint.id) ? 25 : 150, examples: [[first]] })
      // So that it is known that more than the refusals was tried.
      if (!NEVER.includes(endpoint.id)) expect([...statuses]).toContain(endpoint.status)
    })
  }
})
