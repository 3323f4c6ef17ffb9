/** What an operator does to people and their logins from the command line, beside a server that runs: at once, in their logs, and as JSON. */
import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterAll, beforeAll, beforeEach, describe, expect, inject, test, vi } from 'vitest'
import type { SecurityEvent } from '#contract/security.ts'
import { migrateAll, openInstallation } from '#server/ops/installation.ts'
import { PASSWORD } from '#tests/support/cast.ts'
import { mailIn } from '#tests/support/mail.ts'
import { sardonyx } from '#tests/support/process.ts'
import { codeOf, createWorld, type SignedIn, type World } from '#tests/support/world.ts'

let world: World
let alice: SignedIn
let bob: SignedIn
beforeAll(async () => {
  world = await createWorld()
})
afterAll(() => world.close())
// Each command is a process of its own, and a test runs several.
vi.setConfig({ testTimeout: 60_000 })

beforeEach(async () => {
  alice = await world.signIn('alice')
  bob = await world.signIn('bob')
})

/** Runs a command on the world's database. */
const run = (...args: string[]) => sardonyx(args, { url: world.url, keyringDirectory: inject('keyringDirectory') })
const isIn = async (person: SignedIn) => (await person.call('GET', '/api/me')).status === 200
const whyEnded = async ({ token }: SignedIn) =>
  (await world.call<{ reason: string }>('POST', '/api/auth/why-ended', { headers: { authorization: `Bearer ${token}` } })).body.reason
const newest = async (person: SignedIn) =>
  (await person.call<{ items: SecurityEvent[] }>('GET', '/api/me/security-events?about=notices')).body.items[0]

describe('sardonyx session', () => {
  test('lists the logins of an organisation, for people and for programs', async () => {
    const { stdout } = await run('session', 'list', '--organisation', 'acme', '--email', 'alice@acme.test', '--json')
    const sessions: { id: string; email: string }[] = JSON.parse(stdout)
    expect(sessions.map(({ id }) => id)).toContain(alice.me.session.id)
    expect(new Set(sessions.map(({ email }) => email))).toEqual(new Set(['alice@acme.test']))
    expect((await run('session', 'list', '--organisation', 'acme')).stdout).toContain('bob@acme.test')
  })

  test('ends those of one person, and they read that the operator did', async () => {
    const { code, stdout } = await run('session', 'revoke', '--organisation', 'acme', '--email', 'alice@acme.test')
    expect([code, stdout]).toEqual([0, expect.stringMatching(/ended\.\n$/)])
    expect([await isIn(alice), await isIn(bob), await whyEnded(alice)]).toEqual([false, true, 'operator'])
    const again = await world.signIn('alice')
    expect(await newest(again)).toMatchObject({ kind: 'session_ended', by: 'operator', reason: 'operator' })
  })

  test('ends one by its id, and no two ways at once', async () => {
    const one = await run('session', 'revoke', '--organisation', 'acme', '--id', bob.me.session.id, '--json')
    expect(JSON.parse(one.stdout)).toEqual({ ended: 1 })
    expect(await isIn(bob)).toBe(false)
    for (const wrong of [[], ['--all', '--email', 'alice@acme.test']]) {
      const { code, stderr } = await run('session', 'revoke', '--organisation', 'acme', ...wrong)
      expect([code, stderr]).toEqual([1, 'Say which logins: --id, --email or --all, and one of them only.\n'])
    }
    expect(await isIn(alice)).toBe(true)
  })
})

describe('sardonyx user', () => {
  test('suspends and reinstates: logins and API tokens end, and stay ended', async () => {
    const made = await bob.call<{ token: string }>('POST', '/api/me/tokens', { name: 'Nightly', abilities: ['read'], days: 1 })
    const byToken = () => world.call('GET', '/api/chats', { headers: { authorization: `Bearer ${made.body.token}` } })
    expect((await byToken()).status).toBe(200)
    expect((await run('user', 'suspend', '--organisation', 'acme', '--email', 'bob@acme.test')).stdout).toContain(
      'Suspended bob@acme.test.',
    )
    expect([await isIn(bob), (await byToken()).status, await whyEnded(bob)]).toEqual([false, 401, 'suspended'])
    await expect(world.signIn('bob')).rejects.toThrow('could not sign in')
    expect((await run('user', 'suspend', '--organisation', 'acme', '--email', 'bob@acme.test')).stderr).toBe(
      'bob@acme.test is suspended already.\n',
    )
    expect((await run('user', 'reinstate', '--organisation', 'acme', '--email', 'bob@acme.test')).code).toBe(0)
    expect([await isIn(bob), (await byToken()).status]).toEqual([false, 401])
    expect(await newest(await world.signIn('bob'))).toMatchObject({ kind: 'reinstated', by: 'operator' })
  })

  test('changes a role, which ends what was begun in the other one; the last administrator stays', async () => {
    const role = (to: string, email: string) => run('user', 'role', '--organisation', 'acme', '--email', email, '--role', to)
    expect((await role('user', 'carol@acme.test')).stderr).toContain('without an administrator')
    expect((await role('admin', 'alice@acme.test')).code).toBe(0)
    expect([await isIn(alice), await whyEnded(alice)]).toEqual([false, 'role_changed'])
    const again = await world.signIn('alice')
    expect((await again.call('GET', '/api/sessions')).status).toBe(200)
    expect((await role('user', 'alice@acme.test')).code).toBe(0)
    expect(codeOf(await (await world.signIn('alice')).call('GET', '/api/sessions'))).toBe('auth.not_allowed')
  })

  test.each([
    [['list'], 'Say which organisation you mean with --organisation. There are: acme, globex.'],
    [['list', '--organisation', 'initech'], 'There is no organisation with the short name initech. There are: acme, globex.'],
    [['suspend', '--organisation', 'acme'], 'Say --email. “sardonyx help user” shows how.'],
    [['suspend', '--organisation', 'acme', '--email', 'x'], '--email: must look like name@example.org'],
    [['suspend', '--organisation', 'acme', '--email', 'eve@acme.test'], 'Nobody in acme has the address eve@acme.test.'],
    [['suspend', '--organisation', 'globex', '--email', 'alice@acme.test'], 'Nobody in globex has the address alice@acme.test.'],
  ])('%j is answered with a sentence', async (args, sentence) => {
    const { code, stdout, stderr } = await run('user', ...args)
    expect([code, stdout]).toEqual([1, ''])
    expect(stderr).toContain(sentence)
    expect(stderr).not.toContain('    at ')
  })

  test('lists people, without anything they wrote', async () => {
    const people = JSON.parse((await run('user', 'list', '--organisation', 'acme', '--json')).stdout)
    expect(people.find(({ email }: { email: string }) => email === 'carol@acme.test')).toMatchObject({
      role: 'admin',
      status: 'active',
      joined: true,
    })
  })
})

describe('letters by the operator', () => {
  const mail = mailIn(join(dirname(inject('keyringDirectory')), 'mail'))

  test('sardonyx user invite adds a person, to whom the letter goes; its link is on no terminal', async () => {
    const invite = () =>
      run('user', 'invite', '--organisation', 'acme', '--email', 'olga@acme.test', '--name', 'Olga Brandt', '--role', 'admin')
    const { code, stdout } = await invite()
    const { token } = await mail.last('olga@acme.test')
    expect([code, stdout.includes(token)]).toEqual([0, false])
    expect(stdout).toMatch(/^Invited olga@acme\.test\. No mail server is set, so the letter is a file in .*mail\.$/m)
    expect((await invite()).stderr).toBe('Somebody in acme has the address olga@acme.test already.\n')
    const joined = await world.call<SignedIn>('POST', '/api/invitations/accept', { body: { token, password: PASSWORD, deliver: 'token' } })
    expect(joined.body.me.user).toMatchObject({ name: 'Olga Brandt', role: 'admin' })
  })

  test('sardonyx user recover lets somebody in again, recorded as the operator’s act, and settles what an administrator had asked', async () => {
    const carol = await world.signIn('carol')
    const asked = await carol.call('POST', `/api/members/${bob.me.user.id}/recovery`, { lost: 'password_and_factors' })
    expect(asked.status).toBe(201)
    const recover = (...more: string[]) => run('user', 'recover', '--organisation', 'acme', '--email', 'bob@acme.test', ...more)
    expect((await recover('--factors')).stdout).toContain('bob@acme.test can choose a new password by the link in the letter to them.')
    expect(await newest(bob)).toMatchObject({ kind: 'recovery_begun', by: 'operator' })
    const { items } = (await carol.call<{ items: { lost: string; state: string; begunBy: null }[] }>('GET', '/api/recoveries')).body
    expect(items).toMatchObject([{ lost: 'password_and_factors', state: 'approved', begunBy: null }])
    const { token } = await mail.last('bob@acme.test')
    const used = await world.call('POST', '/api/recovery/use', { body: { token, password: PASSWORD, deliver: 'token' } })
    expect([used.status, await isIn(bob)]).toEqual([200, false])
    await run('user', 'suspend', '--organisation', 'acme', '--email', 'bob@acme.test')
    expect((await recover()).stderr).toBe('bob@acme.test has not joined, or is suspended, so there is nothing to recover.\n')
    await run('user', 'reinstate', '--organisation', 'acme', '--email', 'bob@acme.test')
  })
})

test('where nothing is installed a command says so, and makes nothing', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'sardonyx-nowhere-'))
  const { code, stderr } = await run('session', 'list', '--organisation', 'acme', '--data-dir', join(directory, 'data'))
  expect([code, stderr]).toEqual([1, expect.stringContaining('There is no keyring')])
  expect(await readdir(directory)).toEqual([])
  await rm(directory, { recursive: true })
})

test('beside a server with its embedded database a command joins that one', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'sardonyx-beside-'))
  const settings = {
    dataDir: directory,
    databaseUrl: undefined,
    databaseCa: undefined,
    rolePrefix: 'sardonyx_beside',
    masterKey: undefined,
  }
  const server = await openInstallation(settings, world.log)
  await migrateAll(server)
  await expect(openInstallation(settings, world.log)).rejects.toThrow('is in use by another Sardonyx server')
  const beside = await openInstallation(settings, world.log, { joins: true })
  expect(await migrateAll(beside)).toEqual([])
  await beside.close()
  expect(await migrateAll(server)).toEqual([])
  await server.close()
  await rm(directory, { recursive: true })
})
