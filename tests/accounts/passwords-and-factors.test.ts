/** Passwords of people who have something else beside them: a reset goes round no factor, and a passkey opens a password that is closed. */
import { afterAll, beforeAll, expect, test } from 'vitest'
import { PASSWORD, PEOPLE } from '#tests/support/cast.ts'
import { schemaOf } from '#tests/support/conversation.ts'
import { type Asked, appOf, give, passkeyOf, signInWithPasskey } from '#tests/support/factors.ts'
import { hold, waiting } from '#tests/support/locks.ts'
import { codeOf, createWorld, type World } from '#tests/support/world.ts'

const OTHER = 'another horse battery staple'

let world: World
beforeAll(async () => {
  world = await createWorld()
})
afterAll(() => world.close())

const resetToken = async (email: string) => {
  const before = (await world.mail.to(email)).length
  await world.call('POST', '/api/auth/reset', { body: { email, organisation: 'acme' } })
  await expect.poll(async () => (await world.mail.to(email)).length).toBe(before + 1)
  return (await world.mail.last(email)).token
}

test('a reset asks for the second factor of who has one, and eight characters are enough until it goes', async () => {
  const alice = await world.signIn('alice')
  const app = await appOf(alice)
  expect((await alice.call('GET', '/api/me/password')).body).toMatchObject({ leastLength: 8 })
  const body = { token: await resetToken(PEOPLE.alice.email), password: 'vxq7jzkw', deliver: 'token' }
  const reset = await world.call<Asked>('POST', '/api/auth/reset/finish', { body })
  expect(reset.body.state).toBe('second_factor')
  expect(reset.text).not.toContain('"token"')
  const signedIn = await give<{ token: string }>(world, reset.body.ticket, { code: app.code(), deliver: 'token' })
  expect(signedIn.status).toBe(200)
  const headers = { authorization: `Bearer ${signedIn.body.token}` }
  const removal = await world.call('DELETE', '/api/me/authenticator-app', { headers })
  expect(codeOf(removal)).toBe('password.longer_first')
  const longer = { current: 'vxq7jzkw', next: OTHER }
  expect((await world.call('POST', '/api/me/password', { body: longer, headers })).status).toBe(200)
  expect((await world.call('DELETE', '/api/me/authenticator-app', { headers })).status).toBe(204)
})

test('of a shorter password and the removal of the factor, at once, one is refused: eight characters never stand alone', async () => {
  const carol = await world.signIn('carol')
  const acme = await schemaOf(world, 'acme')
  await appOf(carol)
  const release = await hold(world, `select 1 from ${acme}.auth_session where id = '${carol.me.session.id}' for update`)
  const removal = carol.call('DELETE', '/api/me/authenticator-app')
  await waiting(world, 1)
  const change = carol.call('POST', '/api/me/password', { current: PASSWORD, next: 'xK9#vq2L', endTokens: false })
  await waiting(world, 2)
  await release()
  expect([(await removal).status, codeOf(await change)]).toEqual([204, 'password.weak'])
  expect((await carol.call('GET', '/api/me/password')).body).toMatchObject({ leastLength: 12, longEnough: true })
})

test('a passkey opens a password that is closed', async () => {
  const { device } = await passkeyOf(await world.signIn('bob'))
  const acme = await schemaOf(world, 'acme')
  await world.sql(`update ${acme}.credential set failures = 100, closed_at = now()`)
  const password = () =>
    world.call('POST', '/api/auth/sign-in', { body: { email: PEOPLE.bob.email, password: PASSWORD, organisation: 'acme' } })
  expect((await password()).status).toBe(401)
  expect((await signInWithPasskey(world, device)).me.user.email).toBe(PEOPLE.bob.email)
  expect((await password()).status).toBe(200)
})
