/**
 * Whatever is sent, to every endpoint: what the contract refuses is answered by a problem that says what is wrong and what to do, never
 * by a 500, and changes nothing.
 */
import { once } from 'node:events'
import { type AddressInfo, connect } from 'node:net'
import { text as readText } from 'node:stream/consumers'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { z } from 'zod'
import type { Endpoint } from '#contract/endpoint.ts'
import { Problem } from '#contract/errors.ts'
import { ENDPOINTS } from '#contract/index.ts'
import { schemaOf } from '#tests/support/conversation.ts'
import { CANARIES, ENDLESS, encoded, exampleOf, makeThings, type Request, rowsNaming, type Things, urlOf } from '#tests/support/examples.ts'
import { type ModelServer, startModelServer } from '#tests/support/model-server.ts'
import { createWorld, type SignedIn, type World } from '#tests/support/world.ts'

interface Reply {
  readonly statusCode: number
  readonly body: string
  readonly headers: Record<string, unknown>
}

let world: World
let models: ModelServer
let alice: SignedIn
let carol: SignedIn
let things: Things
beforeAll(async () => {
  models = await startModelServer({ key: CANARIES.key })
  world = await createWorld({ egressAllow: models.allow })
  alice = await world.signIn('alice')
  carol = await world.signIn('carol')
  things = await makeThings({ ...world, alice, carol, models, again: await world.signIn('alice') })
})
afterAll(async () => {
  await world.close()
  await models.close()
})

const PAGED = ENDPOINTS.filter(({ query }) => 'cursor' in query.shape)
/** But for those that take a form, which JSON is none of: tests/oidc/logout.test.ts. */
const WITH_BODY = ENDPOINTS.filter(({ body, form }) => body !== null && !form)
const WITH_PARAMS = ENDPOINTS.filter(({ path }) => path.includes(':'))
const CHANGING = ENDPOINTS.filter(({ method }) => method !== 'GET')
/** But for those that providers call: what they send is a form, from elsewhere. */
const OF_PAGES = CHANGING.filter(({ form }) => !form)
/** A provider adds to its addresses what it likes: tests/oidc. */
const STRICT = ENDPOINTS.filter(({ id, form }) => id !== 'auth.oidc_callback' && !form)

/** Sends bytes as they are, as the one who may. */
async function raw(endpoint: Endpoint, url: string, payload?: string | Buffer, headers: Record<string, string> = {}): Promise<Reply> {
  const { token } = endpoint.access === 'admin' ? carol : alice
  return world.server.app.inject({
    method: endpoint.method,
    url,
    headers: { authorization: `Bearer ${token}`, ...(payload === undefined ? {} : { 'content-type': 'application/json' }), ...headers },
    ...(payload === undefined ? {} : { payload }),
  })
}

/** Sends a body as the endpoint wants it. */
function sendRaw(endpoint: Endpoint, url: string, given: Request['body']): Promise<Reply> {
  const { body, headers } = encoded(endpoint, given)
  return raw(endpoint, url, typeof body === 'string' ? body : body === undefined ? undefined : JSON.stringify(body), headers)
}

const withBody = (endpoint: Endpoint, payload: string | Buffer, headers?: Record<string, string>) =>
  raw(endpoint, urlOf(endpoint, exampleOf(endpoint, things)), payload, headers)

function expectProblem(reply: Reply, sent: string, statuses: readonly number[] = [400]): Problem {
  expect(statuses, `${sent} was answered ${reply.statusCode} ${reply.body}`).toContain(reply.statusCode)
  expect(reply.headers['content-type']).toBe('application/problem+json')
  const problem = Problem.parse(JSON.parse(reply.body))
  expect(problem.status).toBe(reply.statusCode)
  for (const sentence of [problem.detail, problem.next]) expect(sentence).toMatch(/^\p{Lu}.*[.]$/su)
  expect(reply.body).not.toMatch(/\bat \/|node_modules|\.ts:\d|pg_|select |insert |ECONN|Error:/)
  return problem
}

/** Runs `work` and shows that no row of anyone changed. */
async function changingNothing(work: () => Promise<void>): Promise<void> {
  const before = await rowsNaming(world, [''])
  await work()
  expect(await rowsNaming(world, [''])).toBe(before)
}

const UUID = '0191d3f2-7b1c-7a39-8a2e-2f6f0a1b2c3d'
const BAD_IDS = [
  'x',
  '0',
  'null',
  'undefined',
  '%20',
  '%00',
  '%0a',
  '..%2F..%2Fetc%2Fpasswd',
  'a%2Fb',
  '%F0%9F%92%A5',
  '%C3%28',
  "';%20drop%20table",
  UUID.slice(1),
  `${UUID}0`,
  `${UUID}%20`,
  `%20${UUID}`,
  `{${UUID}}`,
  `urn:uuid:${UUID}`,
  UUID.replaceAll('-', ''),
  UUID.replace('7a39', 'fa39'),
  UUID.replace('0191', 'g191'),
  '%zz',
  '%',
  `${UUID}%`,
  'x'.repeat(199),
  'x'.repeat(5_000),
]

describe('ids of every wrong form', () => {
  for (const endpoint of WITH_PARAMS) {
    test(endpoint.id, () =>
      changingNothing(async () => {
        const request = exampleOf(endpoint, things)
        for (const name of Object.keys(request.params ?? {})) {
          for (const id of BAD_IDS) {
            const url = urlOf(endpoint, { ...request, params: { ...request.params, [name]: id } })
            expectProblem(await sendRaw(endpoint, url, request.body), url, [400, 404])
          }
        }
      }),
    )
  }
})

const BAD_PAGES = [
  ...['0', '-1', '101', '1e9', 'NaN', 'Infinity', 'abc', '1.5', '', '%00', '9'.repeat(400)].map((limit) => `limit=${limit}`),
  'limit=1&limit=2',
  'limit[]=1',
  'cursor=',
  'cursor=x',
  'cursor=%00',
  'cursor=%ff%fe',
  `cursor=${'A'.repeat(64)}`,
  `cursor=${'A'.repeat(1_001)}`,
  'cursor=x&cursor=y',
  'cursor[a]=x',
]

describe('query strings', () => {
  for (const endpoint of PAGED) {
    test(`${endpoint.id}: wrong pages`, async () => {
      const path = urlOf(endpoint, exampleOf(endpoint, things)).split('?')[0]
      for (const query of BAD_PAGES) expectProblem(await raw(endpoint, `${path}?${query}`), query)
    })
  }

  test('fields that nobody knows are refused everywhere', () =>
    changingNothing(async () => {
      for (const endpoint of STRICT) {
        const request = exampleOf(endpoint, things)
        const path = urlOf(endpoint, request).split('?')[0]
        for (const query of ['surprise=1', 'callback=show', '__proto__=1', 'constructor=1', 'tenant_id=1', '=', '%zz=1']) {
          const reply = await raw(endpoint, `${path}?${query}`, request.body && JSON.stringify(request.body))
          expectProblem(reply, `${endpoint.id}?${query}`)
        }
      }
    }))
})

const deep = (levels: number) => `${'['.repeat(levels)}${']'.repeat(levels)}`
const deepObject = (levels: number) => `${'{"a":'.repeat(levels)}1${'}'.repeat(levels)}`
const BAD_BODIES: readonly (string | Buffer)[] = [
  '{',
  'undefined',
  '{"a":1}}',
  "{'a':1}",
  '[]',
  '[{}]',
  '"text"',
  '42',
  'true',
  'null',
  'NaN',
  '\u0000',
  deep(10_000),
  deepObject(10_000),
  '{"__proto__":{"admin":true}}',
  '{"constructor":{"prototype":{"admin":true}}}',
  '{"surprise":1}',
  Buffer.from([0x7b, 0x22, 0xff, 0xfe, 0x22, 0x3a, 0x31, 0x7d]),
  Buffer.from([0xff, 0xfe, 0x7b, 0x00, 0x7d, 0x00]),
]

describe('bodies', () => {
  for (const endpoint of WITH_BODY) {
    test(`${endpoint.id}: what is no such object`, () =>
      changingNothing(async () => {
        for (const body of BAD_BODIES) expectProblem(await withBody(endpoint, body), `${endpoint.id} ${String(body).slice(0, 60)}`)
        const example = exampleOf(endpoint, things).body ?? {}
        for (const extra of ['surprise', 'userId', 'tenant_id', 'scope_id', '__proto__x'])
          expectProblem(await withBody(endpoint, JSON.stringify({ ...example, [extra]: UUID })), `${endpoint.id} with ${extra}`)
      }))

    test(`${endpoint.id}: fields of the wrong kind, or missing`, () =>
      changingNothing(async () => {
        const shape = endpoint.body as z.ZodType
        const example = exampleOf(endpoint, things).body ?? {}
        const wrong = fieldsOf(shape).flatMap((field) => variantsOf(example, field))
        for (const body of wrong.filter((one) => !shape.safeParse(one).success)) {
          const text = JSON.stringify(body)
          const problem = expectProblem(await withBody(endpoint, text), `${endpoint.id} ${text.slice(0, 200)}`)
          expect(problem.errors?.length).toBeGreaterThan(0)
        }
      }))

    test(`${endpoint.id}: more than a megabyte`, async () => {
      const body = JSON.stringify({ text: 'x'.repeat(1_100_000) })
      expect(expectProblem(await withBody(endpoint, body), endpoint.id, [413]).code).toBe('request.too_large')
    })
  }

  test('anything at all, as the contract would have it or not, is never a fault of the server', async () => {
    // What is sent may be good, too; after some of it the others would find nobody to sign in.
    const lasting = ['address.confirm', 'deletion.ask', 'login_policy.set', 'password.change']
    const tried = WITH_BODY.filter(({ id }) => !['setup.run', 'providers.test', ...lasting].includes(id))
    const anywhere = fc.constantFrom(...tried.map(({ id }) => id))
    const value = fc.oneof(
      fc.jsonValue(),
      fc.string({ unit: 'binary', maxLength: 60 }),
      fc.constantFrom('\ud800', '\udfff\u0000', '\u0000', ''),
    )
    const property = fc.asyncProperty(anywhere, fc.array(value, { minLength: 8, maxLength: 8 }), fc.nat(255), async (id, values, mask) => {
      const endpoint = tried.find((one) => one.id === id)!
      const shape = endpoint.body as z.ZodType
      const body: Record<string, unknown> = { ...exampleOf(endpoint, things).body }
      for (const [i, field] of fieldsOf(shape).entries()) if (mask & (1 << i)) body[field] = values[i]
      const reply = await withBody(endpoint, JSON.stringify(body))
      const fits = shape.safeParse(JSON.parse(JSON.stringify(body))).success
      if (fits) expect(reply.statusCode, `${endpoint.id} ${JSON.stringify(body)} ${reply.body}`).toBeLessThan(500)
      else expectProblem(reply, `${endpoint.id} ${JSON.stringify(body)}`)
    })
    await fc.assert(property, { numRuns: 250 })
    // Questions among them are being answered; what follows looks at every row.
    const running = `select from ${await schemaOf(world, 'acme')}.job where state = 'running'`
    await expect.poll(async () => (await world.sql(running)).rowCount).toBe(0)
  })

  test('an endpoint that takes no body takes none', () =>
    changingNothing(async () => {
      for (const endpoint of CHANGING.filter(({ body }) => body === null)) {
        for (const body of ['{"x":1}', '[1]', '"x"', '1', '{', 'true'])
          expectProblem(await withBody(endpoint, body), `${endpoint.id} ${body}`)
      }
    }))

  test('only JSON is read', () =>
    changingNothing(async () => {
      for (const endpoint of OF_PAGES) {
        const example = exampleOf(endpoint, things).body ?? {}
        for (const type of [
          'text/plain',
          'application/x-www-form-urlencoded',
          'multipart/form-data; boundary=x',
          'application/xml',
          'x',
          '',
        ]) {
          const reply = await withBody(endpoint, JSON.stringify(example), { 'content-type': type })
          expect(expectProblem(reply, `${endpoint.id} as ${type}`, [415]).code).toBe('request.media_type')
        }
      }
    }))
})

/** The fields of a body as it is sent, before the contract completes it. */
function fieldsOf(shape: z.ZodType): string[] {
  const shapes = shape instanceof z.ZodDiscriminatedUnion ? shape.options : [shape instanceof z.ZodPipe ? shape.in : shape]
  return [...new Set(shapes.flatMap((one) => Object.keys((one as z.ZodObject).shape)))]
}

/** The example with one field missing, or holding what it seldom may. */
function variantsOf(example: Request['body'] & object, field: string): object[] {
  const { [field]: _, ...without } = example
  const values = [null, 42, -1, true, '', ' ', '\u0000', 'a\u0000b', '\ud800', [], [[]], [null], {}, { length: 1 }, 'x'.repeat(100_001)]
  return [without, ...values.map((value) => ({ ...example, [field]: value }))]
}

describe('requests that another site made', () => {
  const FOREIGN: Record<string, string>[] = [
    { origin: 'https://evil.test' },
    { origin: 'null' },
    { origin: 'https://sardonyx.test:81' },
    { 'sec-fetch-site': 'cross-site' },
    { 'sec-fetch-site': 'same-site' },
    { 'sec-fetch-site': 'cross-site', origin: 'https://sardonyx.test' },
  ]
  let cookie: Record<'alice' | 'carol', string>
  beforeAll(async () => {
    const of = async (email: string) => {
      const answer = await world.call('POST', '/api/auth/sign-in', {
        body: { email, password: 'correct horse battery staple', organisation: 'acme' },
      })
      return String(answer.headers['set-cookie']).split(';')[0] ?? ''
    }
    cookie = { alice: await of('alice@acme.test'), carol: await of('carol@acme.test') }
  })

  const asBrowser = (endpoint: Endpoint, headers: Record<string, string>) =>
    world.call(endpoint.method, urlOf(endpoint, exampleOf(endpoint, things)), {
      body: exampleOf(endpoint, things).body,
      headers: { host: 'sardonyx.test', cookie: cookie[endpoint.access === 'admin' ? 'carol' : 'alice'], ...headers },
    })

  test('the cookie alone is good for our own pages', async () => {
    const getMe = ENDPOINTS.find(({ id }) => id === 'me.get')!
    expect((await asBrowser(getMe, {})).status).toBe(200)
    const create = ENDPOINTS.find(({ id }) => id === 'chats.create')!
    for (const own of [{ origin: 'https://sardonyx.test', 'sec-fetch-site': 'same-origin' }, { 'sec-fetch-site': 'none' }])
      expect((await asBrowser(create, own)).status).toBe(201)
    const fromNowhere = await asBrowser(create, {})
    expect([fromNowhere.status, (fromNowhere.body as Problem).code]).toEqual([403, 'request.cross_site'])
  })

  test('are refused wherever something would change, sign-in and setup included', () =>
    changingNothing(async () => {
      for (const endpoint of OF_PAGES) {
        for (const headers of FOREIGN) {
          const refused = await asBrowser(endpoint, headers)
          expect(refused.status, `${endpoint.id} ${JSON.stringify(headers)}`).toBe(403)
          expect((refused.body as Problem).code).toBe('request.cross_site')
          expect(refused.headers['set-cookie']).toBeUndefined()
        }
      }
    }))

  test('that only ask change nothing, wherever they came from: an address that is opened does no more than show', () =>
    changingNothing(async () => {
      // That an administrator looked at people's logins is written down, in the logs of those.
      const asking = ENDPOINTS.filter(({ method, id }) => method === 'GET' && ![...ENDLESS, 'sessions.list', 'members.get'].includes(id))
      for (const endpoint of asking) {
        for (const headers of [...FOREIGN, { 'sec-fetch-site': 'same-origin' }, {}]) {
          const { status } = await asBrowser(endpoint, headers)
          expect(`${endpoint.id} ${status}`).toBe(`${endpoint.id} ${endpoint.status}`)
        }
      }
    }))

  test('with a bearer token, which no browser adds by itself, they are taken', async () => {
    for (const headers of FOREIGN) {
      const answer = await alice.call('POST', '/api/chats', {}, headers)
      expect(answer.status).toBe(201)
      expect(answer.headers['access-control-allow-origin']).toBeUndefined()
    }
  })
})

describe('what is hardly HTTP', () => {
  let port: number
  beforeAll(async () => {
    await world.server.app.listen({ port: 0, host: '127.0.0.1' })
    port = (world.server.app.server.address() as AddressInfo).port
  })

  async function speak(bytes: string): Promise<Reply> {
    const socket = connect(port, '127.0.0.1')
    await once(socket, 'connect')
    socket.write(bytes)
    const text = await readText(socket)
    const [head = '', ...rest] = text.split('\r\n\r\n')
    const [first = '', ...lines] = head.split('\r\n')
    const headers = Object.fromEntries(lines.map((line) => [line.split(': ')[0]?.toLowerCase(), line.split(': ').slice(1).join(': ')]))
    return { statusCode: Number(first.split(' ')[1]), body: rest.join('\r\n\r\n'), headers }
  }

  const HOST = 'Host: localhost\r\nConnection: close\r\n'
  test.each([
    ['a head of 30 KB', `GET /api/status HTTP/1.1\r\n${HOST}X-Long: ${'x'.repeat(30_000)}\r\n\r\n`, 413],
    ['a header without a name', `GET /api/status HTTP/1.1\r\n${HOST}: x\r\n\r\n`, 400],
    ['a control character in a header', `GET /api/status HTTP/1.1\r\n${HOST}X: a\u0001b\r\n\r\n`, 400],
    ['no HTTP at all', 'hello\r\n\r\n', 400],
    ['two lengths', `POST /api/auth/sign-in HTTP/1.1\r\n${HOST}Content-Length: 2\r\nContent-Length: 3\r\n\r\n{}`, 400],
    [
      'length and chunks',
      `POST /api/auth/sign-in HTTP/1.1\r\n${HOST}Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`,
      400,
    ],
    ['a broken percent-encoding', `GET /api/%zz HTTP/1.1\r\n${HOST}\r\n`, 400],
    ['a NUL in the address', `GET /api/sta\u0000tus HTTP/1.1\r\n${HOST}\r\n`, 400],
  ])('%s', async (name, bytes, status) => {
    expectProblem(await speak(bytes), name, [status])
  })
})
