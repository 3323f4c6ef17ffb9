/** Secrets of one purpose are good for no other; and tokens whose key, record or session is gone are good for nothing. */
import { randomBytes } from 'node:crypto'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { SetupCode } from '#server/auth/setup-code.ts'
import { schemaName } from '#server/isolation/tables.ts'
import { PASSWORD } from '#tests/support/cast.ts'
import { forge, putOnRecord, tellable } from '#tests/support/forged-tokens.ts'
import { type Answer, codeOf, createWorld, type SignedIn, type World } from '#tests/support/world.ts'
import { type Corpus, openCorpus } from './token-corpus.ts'

let corpus: Corpus
/** A server that waits to be set up. */
let fresh: World
let setupCode = ''
const code = new SetupCode({ now: () => Date.now() }, (shown) => {
  setupCode = shown
})
beforeAll(async () => {
  corpus = await openCorpus()
  fresh = await createWorld({ empty: true, setupCode: code })
  code.announce()
})
afterAll(async () => {
  await fresh.close()
  await corpus.close()
})

describe('a secret is good for its own purpose alone', () => {
  let carol: SignedIn
  let secrets: Record<string, string>
  beforeAll(async () => {
    carol = await corpus.world.signIn('carol')
    for (let i = 0; i < 2; i++) await carol.call('POST', '/api/chats', { description: `Lunch ${i}` })
    const page = await carol.call<{ next: string }>('GET', '/api/chats?limit=1')
    await carol.call('POST', '/api/members', { name: 'Dave', email: 'dave@acme.test' })
    const apiToken = `sdx_${randomBytes(32).toString('base64url')}`
    secrets = {
      login: carol.token,
      cursor: page.body.next,
      invitation: (await corpus.world.mail.last('dave@acme.test')).token,
      setup: setupCode,
      'something like an API token': apiToken,
    }
  })

  const call = (...request: Parameters<World['call']>) => corpus.world.call(...request)
  const accept = (token: string) => call('POST', '/api/invitations/accept', { body: { token, password: PASSWORD, deliver: 'token' } })
  const places: Record<string, { own: string; show: (secret: string) => Promise<Answer> }> = {
    'as a login in the header': {
      own: 'login',
      show: (secret) => call('GET', '/api/me', { headers: { authorization: `Bearer ${secret}` } }),
    },
    'as a login in the cookie': {
      own: 'login',
      show: (secret) => call('GET', '/api/me', { headers: { cookie: corpus.cookieOf(secret) } }),
    },
    'as a cursor': { own: 'cursor', show: (secret) => carol.call('GET', `/api/chats?limit=1&cursor=${encodeURIComponent(secret)}`) },
    'as an invitation': { own: 'invitation', show: accept },
    'as a setup code': {
      own: 'setup',
      show: (secret) =>
        fresh.call('POST', '/api/setup', {
          body: { code: secret, organisation: 'Initech', name: 'Peter Gibbons', email: 'peter@initech.test', password: PASSWORD },
        }),
    },
  }
  /** In the words of the purpose, or, where a secret is longer than any of it, as what it cannot be. */
  const refusals: Record<string, string[]> = {
    login: ['auth.required'],
    cursor: ['cursor.invalid', 'request.invalid'],
    invitation: ['invitation.invalid', 'request.invalid'],
    setup: ['setup.wrong_code', 'request.invalid'],
  }

  test.each(Object.keys(places))('%s every other is refused, and its own is taken', async (name) => {
    const { own, show } = places[name]!
    for (const [purpose, secret] of Object.entries(secrets)) {
      if (purpose === own) continue
      if (own === 'login') await putOnRecord(corpus.world, carol, [secret])
      const answer = await show(secret)
      expect(answer.status, purpose).toBeGreaterThanOrEqual(400)
      expect(refusals[own], purpose).toContain(codeOf(answer))
    }
    expect((await show(secrets[own]!)).status).toBeLessThan(300)
  })
})

describe('a good token ends', () => {
  let alice: SignedIn
  let usual: ReturnType<typeof tellable>
  beforeEach(async () => {
    alice = await corpus.world.signIn('alice')
    expect((await alice.call('GET', '/api/me')).status).toBe(200)
    usual = tellable(await corpus.world.call('GET', '/api/me'))
  })

  const statement = (sql: string) =>
    corpus.world.sql(sql.replaceAll('acme.', `${schemaName(alice.me.organisation.id)}.`), [alice.me.session.id])
  const isRefused = async () => expect(tellable(await alice.call('GET', '/api/me'))).toEqual(usual)

  test('with its record', async () => {
    await statement('delete from acme.auth_token where session_id = $1')
    await isRefused()
    expect((await alice.call('POST', '/api/chats', {})).status).toBe(401)
    expect((await alice.call('GET', '/api/handbook')).status).toBe(401)
  })

  test('with its session, deleted and all', async () => {
    for (const table of ['auth_token', 'auth_session_seen']) await statement(`delete from acme.${table} where session_id = $1`)
    await statement('delete from acme.auth_session where id = $1')
    await isRefused()
  })

  test('with its session, signed out', async () => {
    expect((await alice.call('POST', '/api/auth/sign-out')).status).toBe(204)
    await isRefused()
  })

  test('with its key, also where the server remembers that it was good', async () => {
    const { keyring } = corpus.world.installation
    const old = (await keyring.signingKeys()).at(-1)!
    await keyring.addSigningKey(corpus.clock.ms)
    await keyring.dropSigningKey(old.number)
    corpus.clock.ms += 30_000
    await isRefused()
    const forged = (await forge(keyring))(corpus.header, corpus.claims, old.key)
    await corpus.refuses([forged, alice.token, corpus.alice.token])
    expect((await (await corpus.world.signIn('alice')).call('GET', '/api/me')).status).toBe(200)
  })
})

test('a token is neither in the table of tokens nor in the log', async () => {
  const bob = await corpus.world.signIn('bob')
  expect((await bob.call('GET', '/api/me')).status).toBe(200)
  const { rows } = await corpus.world.sql<{ text: string }>(
    `select to_jsonb(t)::text as text from ${schemaName(bob.me.organisation.id)}.auth_token t`,
  )
  expect(rows.map(({ text }) => text).join()).not.toContain(bob.token)
  expect(corpus.world.log.lines.join()).not.toContain(bob.token.split('.')[2])
})
