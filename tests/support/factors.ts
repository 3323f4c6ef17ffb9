/** Second factors of people in tests: set up as their owners would, and used. */
import { Secret, TOTP } from 'otpauth'
import type { FactorAdded } from '#contract/factors.ts'
import { Authenticator } from './authenticator.ts'
import { PASSWORD, PEOPLE, type Person } from './cast.ts'
import type { Request } from './examples.ts'
import type { Answer, SignedIn, World } from './world.ts'

const STEP_MS = 30_000

export interface App {
  readonly secret: string
  /** The code that the app shows so many steps from now. */
  code(steps?: number): string
  readonly recoveryCodes: readonly string[]
}

/** Sets an authenticator app up for a person; its first code is used by that. */
export async function appOf(person: SignedIn, now: () => number = Date.now): Promise<App> {
  const begun = await person.call<{ secret: string }>('POST', '/api/me/authenticator-app')
  if (begun.status !== 201) throw new Error(begun.text)
  const { secret } = begun.body
  const code = (steps = 0) => TOTP.generate({ secret: Secret.fromBase32(secret), timestamp: now() + steps * STEP_MS })
  // The code before now, so that those from now on are still good.
  const confirmed = await person.call<FactorAdded>('POST', '/api/me/authenticator-app/confirm', { code: code(-1) })
  if (confirmed.status !== 200) throw new Error(confirmed.text)
  return { secret, code, recoveryCodes: confirmed.body.recoveryCodes ?? [] }
}

export type Options = { options: { challenge: string; user: { id: string }; allowCredentials?: { id: string }[] } }

/** Adds a passkey for a person. */
export async function passkeyOf(person: SignedIn, device = new Authenticator()): Promise<{ device: Authenticator; added: FactorAdded }> {
  const { options } = (await person.call<Options>('POST', '/api/me/passkeys/begin')).body
  const added = await person.call<FactorAdded>('POST', '/api/me/passkeys', { name: 'A phone', passkey: device.create(options) })
  if (added.status !== 201) throw new Error(added.text)
  return { device, added: added.body }
}

export interface Asked {
  state: 'second_factor'
  ticket: string
  factors: { code: boolean; passkey: boolean; recoveryCode: boolean }
}

/** Signs in with the password, as far as that goes. */
export function signInWithPassword(world: World, person: Person): Promise<Answer<Asked>> {
  const { email, tenant } = PEOPLE[person]
  return world.call('POST', '/api/auth/sign-in', { body: { email, password: PASSWORD, organisation: tenant, deliver: 'token' } })
}

/** The ticket of a person who has given their password. */
export async function ticketOf(world: World, person: Person): Promise<string> {
  const { body } = await signInWithPassword(world, person)
  if (body.state !== 'second_factor') throw new Error(`${person} was not asked for a second factor`)
  return body.ticket
}

/** Gives a second factor for a ticket. */
export function give<T = unknown>(world: World, ticket: string, factor: object): Promise<Answer<T>> {
  return world.call('POST', '/api/auth/second-factor', { body: { ticket, ...factor, deliver: 'token' } })
}

/** Signs in with a passkey alone. */
export async function signInWithPasskey(world: World, device: Authenticator, organisation = 'acme'): Promise<SignedIn> {
  const { options } = (await world.call<Options>('POST', '/api/auth/passkey/begin', { body: { organisation } })).body
  const body = { passkey: device.get(options), organisation, deliver: 'token' }
  const { me, token } = (await world.call<{ me: SignedIn['me']; token: string }>('POST', '/api/auth/passkey', { body })).body
  return {
    me,
    token,
    call: (method, path, given, headers) =>
      world.call(method, path, { body: given, headers: { ...headers, authorization: `Bearer ${token}` } }),
  }
}

/** Requests that succeed once, by endpoint, of somebody who has a passkey: what is secret in them is made anew each time. */
export function freshOf({
  world,
  person,
  device,
}: {
  world: World
  person: SignedIn
  device: Authenticator
}): Readonly<Record<string, () => Promise<Request>>> {
  const options = async (of: Pick<SignedIn, 'call'>, path: string, body?: object) =>
    (await of.call<Options>('POST', path, body)).body.options
  const anybody: Pick<SignedIn, 'call'> = { call: (method, path, body) => world.call(method, path, { body }) }
  const asked = async () => {
    const { email } = person.me.user
    const body = { email, password: PASSWORD, organisation: person.me.organisation.slug, deliver: 'token' }
    return (await world.call<Asked>('POST', '/api/auth/sign-in', { body })).body.ticket
  }
  const organisation = person.me.organisation.slug
  return {
    'auth.passkey': async () => ({
      body: { passkey: device.get(await options(anybody, '/api/auth/passkey/begin', { organisation })), organisation, deliver: 'token' },
    }),
    'auth.second_factor_begin': async () => ({ body: { ticket: await asked() } }),
    'auth.second_factor': async () => {
      const ticket = await asked()
      return {
        body: { ticket, passkey: device.get(await options(anybody, '/api/auth/second-factor/begin', { ticket })), deliver: 'token' },
      }
    },
    'session.prove': async () => ({ body: { passkey: device.get(await options(person, '/api/session/prove/begin')) } }),
    'passkeys.add': async () => ({
      body: { name: 'Another', passkey: new Authenticator().create(await options(person, '/api/me/passkeys/begin')) },
    }),
    'authenticator_app.confirm': async () => {
      const { secret } = (await person.call<{ secret: string }>('POST', '/api/me/authenticator-app')).body
      return { body: { code: TOTP.generate({ secret: Secret.fromBase32(secret) }) } }
    },
  }
}
