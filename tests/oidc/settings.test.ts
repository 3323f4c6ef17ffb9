/** The page of the provider: what an administrator is shown and told, and what stays where it is. */
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import type { Finding, SignInProvider } from '#contract/oidc.ts'
import { readConfig } from '#server/config.ts'
import { CLIENT } from '#tests/support/scripted-provider.ts'
import { codeOf } from '#tests/support/world.ts'
import { browserOf, createStage, DAVE, finish, type Stage } from './stage.ts'

let stage: Stage
beforeAll(async () => {
  stage = await createStage()
})
afterAll(() => stage.close())
beforeEach(() => stage.set())

const examined = async (body: object = {}) => {
  const asked = { issuer: stage.provider.issuer, clientId: CLIENT.id, ...body }
  const answer = await stage.carol.call<{ findings: Finding[] }>('POST', '/api/sign-in-provider/test', asked)
  expect([answer.status, answer.text.includes('canary-client-secret')]).toEqual([200, false])
  return answer.body.findings
}
const goods = (findings: readonly Finding[]) => findings.map(({ good }) => good)

test('it is shown without its secret, with the addresses that the provider has to be told', async () => {
  const { body } = await stage.carol.call<{ provider: SignInProvider; redirectAddress: string; logoutAddress: string }>(
    'GET',
    '/api/sign-in-provider',
  )
  const { clientSecret: _, ...shown } = stage.settings()
  expect(body.provider).toEqual({ ...shown, timeChanged: expect.any(String) })
  const { baseUrl } = readConfig({}, {})
  expect(body.redirectAddress).toBe(`${baseUrl}/api/auth/oidc/callback/${stage.carol.me.organisation.id}`)
  expect(body.logoutAddress).toBe(`${baseUrl}/api/auth/oidc/backchannel-logout/${stage.carol.me.organisation.id}`)
})

test('the secret is kept when it is left out, and needed again for another issuer or client', async () => {
  const { clientSecret: _, ...rest } = stage.settings({ name: 'Renamed' })
  expect((await stage.carol.call('POST', '/api/sign-in-provider', rest)).status).toBe(200)
  expect(goods(await examined())).toEqual([true, true, true, true])
  for (const change of [{ clientId: 'another' }, { issuer: stage.other.issuer }])
    expect(codeOf(await stage.carol.call('POST', '/api/sign-in-provider', { ...rest, ...change }))).toBe('oidc.secret_needed')
})

test('nothing of it is in the database as it was typed', async () => {
  const rows = await stage.world.sql(`select * from ${stage.schema}.sign_in_provider`)
  const text = rows.rows
    .map((row) =>
      Object.values(row)
        .map((value) => (Buffer.isBuffer(value) ? value.toString('latin1') : String(value)))
        .join(' '),
    )
    .join(' ')
  for (const word of ['Keyhouse', stage.provider.issuer, CLIENT.secret, CLIENT.id, 'acme.test']) expect(text).not.toContain(word)
})

test.each([
  [{ justInTime: true, domains: [] }, 'domains'],
  [{ issuer: 'http://idp.example.com' }, 'issuer'],
  [{ issuer: 'http://127.0.0.1.example.com' }, 'issuer'],
  [{ issuer: 'https://me:pw@idp.example.com' }, 'issuer'],
  [{ issuer: 'https://idp.example.com/?x=1' }, 'issuer'],
  [{ domains: ['example'] }, 'domains.0'],
  [{ domains: ['*.example.org'] }, 'domains.0'],
])('%j is refused at its field', async (change, path) => {
  const answer = await stage.carol.call<{ errors: { path: string }[] }>('POST', '/api/sign-in-provider', stage.settings(change))
  expect([answer.status, answer.body.errors[0]?.path]).toEqual([400, path])
})

test.each(['http://127.0.0.1:1', 'https://10.0.0.1', 'https://localhost:5432'])(
  '%s is called by nobody unless the operator permits it',
  async (issuer) => {
    for (const [path, body] of [
      ['/api/sign-in-provider', stage.settings({ issuer })],
      ['/api/sign-in-provider/test', { issuer, clientId: 'x', clientSecret: 'y' }],
    ] as const) {
      const answer = await stage.carol.call<{ next: string }>('POST', path, body)
      expect([answer.status, codeOf(answer)]).toEqual([400, 'provider.address_refused'])
      expect(answer.body.next).toContain('--egress-allow')
    }
  },
)

test('the test says in sentences what is right, what is wrong, and what cannot be told', async () => {
  expect(goods(await examined())).toEqual([true, true, true, true])
  const [, , wrong] = await examined({ clientSecret: 'not-it' })
  expect([wrong?.good, wrong?.sentence]).toEqual([false, expect.stringMatching(/^It does not take this client id and secret[.]/)])
  stage.provider.know(false)
  const [, , , address] = await examined()
  stage.provider.know(true)
  expect([address?.good, address?.sentence]).toEqual([false, expect.stringContaining('redirect address')])
})

test.each([
  [{ issuer: 'https://elsewhere.test' }, /^No OpenID Connect provider answers as this issuer[.]/],
  [{ issuer: 'http://127.0.0.1:1/{tenantid}/v2.0' }, /^No OpenID Connect provider answers as this issuer[.]/],
  [{ code_challenge_methods_supported: ['plain'] }, /does not offer PKCE with S256/],
  [{ response_types_supported: ['id_token'] }, /does not offer the authorization code flow/],
  [{ token_endpoint: undefined }, /does not offer an address for tokens/],
  [{ jwks_uri: 'http://127.0.0.1:1/keys' }, /^Its public keys cannot be read/],
])('a provider that says %j of itself is found out', async (changes, sentence) => {
  stage.provider.describe(changes)
  const findings = await examined()
  stage.provider.describe({})
  expect(findings.filter(({ good }) => good === false).map(({ sentence: said }) => said)).toEqual([expect.stringMatching(sentence)])
})

test('where nothing answers, or something else does, the same is said', async () => {
  const sentences = new Set<string>()
  for (const [index, path] of ['', '/nothing'].entries()) {
    if (index === 0) stage.other.describe({ issuer: 'https://elsewhere.test' })
    sentences.add((await examined({ issuer: `${stage.other.issuer}${path}`, clientSecret: 'x' }))[0]!.sentence)
  }
  stage.other.describe({})
  expect(sentences.size).toBe(1)
})

test('trying it shows what the provider says and what that would lead to, and signs nobody in', async () => {
  const carol = await browserOf(stage.world, 'carol')
  const before = (await stage.world.sql(`select count(*) from ${stage.schema}.auth_session`)).rows
  const tryOut = async (who: typeof DAVE) => {
    const { body } = await carol.call<{ address: string }>('POST', '/api/sign-in-provider/try')
    await carol.visit(stage.provider.signIn(body.address, who))
    return (await finish(carol)).body
  }
  await stage.set({ on: false })
  expect(await tryOut(DAVE)).toEqual({
    next: '/sign-in-provider',
    outcome: {
      state: 'tried',
      found: {
        name: 'Dave Novak',
        email: 'dave@acme.test',
        verified: true,
        subject: 'dave-1',
        verdict: 'This person would get an account here and be signed in.',
      },
    },
  })
  const { outcome } = await tryOut({ ...DAVE, email: 'alice@acme.test' })
  expect(outcome.state === 'tried' && outcome.found.verdict).toBe(
    'There is an account with your address, and it is not linked to the provider.',
  )
  expect((await stage.world.sql(`select count(*) from ${stage.schema}.auth_session`)).rows).toEqual(before)
  expect((await stage.world.sql(`select 1 from ${stage.schema}.identity`)).rows).toEqual([])
})

test('is an administrator’s alone', async () => {
  const alice = await stage.world.signIn('alice')
  for (const [method, path, body] of [
    ['GET', '/api/sign-in-provider', undefined],
    ['POST', '/api/sign-in-provider', stage.settings()],
    ['POST', '/api/sign-in-provider/test', { issuer: stage.provider.issuer, clientId: 'x', clientSecret: 'y' }],
    ['POST', '/api/sign-in-provider/try', undefined],
  ] as const)
    expect([path, codeOf(await alice.call(method, path, body))]).toEqual([path, 'auth.not_allowed'])
})
