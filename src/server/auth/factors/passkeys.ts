/**
 * Passkeys (WebAuthn): the device asks who is there, so that one is two factors; it is made for this server's own address, so that no other
 * page is given what is meant for this one; and a copy is found out where the device counts.
 */
import {
  generateAuthenticationOptions,
  generateRegistrationOptions,
  type VerifiedRegistrationResponse,
  verifyAuthenticationResponse,
  verifyRegistrationResponse,
} from '@simplewebauthn/server'
import { sql } from 'kysely'
import type { z } from 'zod'
import type { NewPasskey, Passkey, PasskeyResponse } from '#contract/factors.ts'
import { PasskeyId, type TenantId, type UserId } from '#contract/ids.ts'
import type { DoorTx } from '../../isolation/doors.ts'
import type { ScopeKeys } from '../../isolation/keys/scope-keys.ts'
import { Failure } from '../../kernel/failure.ts'
import type { Ids } from '../../kernel/ids.ts'
import type { Device } from '../device.ts'
import { insertEvents, SYSTEM } from '../security-log.ts'
import { challengeIn, makeChallenge, type Purpose, takeChallenge } from './challenges.ts'

type MadePasskey = NonNullable<VerifiedRegistrationResponse['registrationInfo']>

const GOOD_FOR_MS = 5 * 60_000
const MOST = 20
/** ES256, EdDSA and RS256: what devices have. */
const ALGORITHMS = [-7, -8, -257]

export class Passkeys {
  readonly #keys: ScopeKeys
  readonly #ids: Ids
  readonly #baseUrl: string

  constructor(parts: { keys: ScopeKeys; ids: Ids; baseUrl: string }) {
    this.#keys = parts.keys
    this.#ids = parts.ids
    this.#baseUrl = parts.baseUrl
  }

  /** A person's passkeys, the oldest first. */
  async list(tx: DoorTx, userId: UserId): Promise<Passkey[]> {
    const rows = await tx.all(
      tx.db.selectFrom('passkey').select(['id', 'name', 'synced', 'time_created', 'used_at']).where('user_id', '=', userId).orderBy('id'),
    )
    const names = await this.#names(tx.tenantId)
    return rows.map(({ id, name, synced, time_created, used_at }) => ({
      id: PasskeyId.parse(id),
      name: names.open(name, id, 'name'),
      synced,
      timeCreated: time_created.toISOString(),
      usedAt: used_at?.toISOString() ?? null,
    }))
  }

  /** What a browser needs to make a passkey for a person who has no more of them than there may be. */
  async newOptions(tx: DoorTx, user: { id: UserId; email: string; name: string }, of: Purpose) {
    const known = await this.#room(tx, user.id)
    return generateRegistrationOptions({
      rpName: 'Sardonyx',
      rpID: this.#at().hostname,
      userID: handleOf(user.id),
      userName: user.email,
      userDisplayName: user.name,
      challenge: bytes(await makeChallenge(tx, of)),
      timeout: GOOD_FOR_MS,
      attestationType: 'none',
      supportedAlgorithmIDs: ALGORITHMS,
      excludeCredentials: known.map(({ credential_id, transports }) => ({ id: credential_id.toString('base64url'), transports })),
      authenticatorSelection: { residentKey: 'required', userVerification: 'required' },
    })
  }

  /** What a new passkey is, once it is found to be made for this challenge, here, by a device that asked who is there. */
  async verifyNew(tx: DoorTx, response: z.output<typeof NewPasskey>, of: Purpose): Promise<MadePasskey | undefined> {
    const challenge = challengeIn(response.response.clientDataJSON)
    if (!(await takeChallenge(tx, challenge, of))) return undefined
    const { origin, hostname } = this.#at()
    const verified = await verifyRegistrationResponse({
      response: response as Parameters<typeof verifyRegistrationResponse>[0]['response'],
      expectedChallenge: challenge,
      expectedOrigin: origin,
      expectedRPID: hostname,
      requireUserVerification: true,
      supportedAlgorithmIDs: ALGORITHMS,
    }).catch(() => undefined)
    return verified?.registrationInfo
  }

  /** Adds a passkey that was verified, in the caller's transaction. */
  async add(tx: DoorTx, userId: UserId, made: MadePasskey & { name: string }): Promise<void> {
    await this.#room(tx, userId)
    const id = this.#ids.next<PasskeyId>()
    const { credential } = made
    const values = {
      id,
      user_id: userId,
      credential_id: Buffer.from(credential.id, 'base64url'),
      public_key: Buffer.from(credential.publicKey),
      counter: credential.counter,
      transports: credential.transports ?? [],
      synced: made.credentialBackedUp,
      name: (await this.#names(tx.tenantId)).seal(made.name, id, 'name'),
    }
    const added = await tx.change(
      tx.db
        .insertInto('passkey')
        .values(values)
        .onConflict((conflict) => conflict.doNothing()),
    )
    if (added !== 1) throw new Failure('passkey.refused')
  }

  /** Names a person's passkey anew; false when they have no such. */
  async rename(tx: DoorTx, userId: UserId, { id, name }: { id: PasskeyId; name: string }): Promise<boolean> {
    const sealed = (await this.#names(tx.tenantId)).seal(name, id, 'name')
    return (await tx.change(tx.db.updateTable('passkey').set({ name: sealed }).where('id', '=', id).where('user_id', '=', userId))) === 1
  }

  /** What a browser needs to ask for a passkey: any, or one of a person's. */
  async options(tx: DoorTx, of: Purpose) {
    const own =
      'userId' in of
        ? await tx.all(tx.db.selectFrom('passkey').select(['credential_id', 'transports']).where('user_id', '=', of.userId))
        : []
    return this.#options(await makeChallenge(tx, of), own)
  }

  /** The same of an organisation that there is not: nobody can tell. */
  optionsOfNobody(challenge: string) {
    return this.#options(challenge, [])
  }

  /**
   * Whose passkey a response is of, in the caller's transaction, which must be committed whatever comes of it: the challenge is used up.
   * Undefined for everything that is not good: another challenge, purpose, address, person or device, a signature that is wrong, a
   * device that did not ask who is there, and a count that goes back, of which the person is told.
   */
  async check(tx: DoorTx, given: PasskeyResponse, { of, device }: { of: Purpose; device: Device }): Promise<UserId | undefined> {
    const challenge = challengeIn(given.response.clientDataJSON)
    if (!(await takeChallenge(tx, challenge, of))) return undefined
    const passkey = await tx.first(
      tx.db.selectFrom('passkey').selectAll().where('credential_id', '=', Buffer.from(given.id, 'base64url')).forUpdate(),
    )
    if (!passkey || ('userId' in of && passkey.user_id !== of.userId)) return undefined
    const userId = passkey.user_id as UserId
    const { userHandle } = given.response
    if (userHandle !== undefined && !handleOf(userId).equals(bytes(userHandle))) return undefined
    const info = await this.#verified(given, { challenge, id: given.id, publicKey: passkey.public_key })
    if (!info) return undefined
    const { newCounter } = info
    const before = Number(passkey.counter)
    if (newCounter <= before && (newCounter > 0 || before > 0)) {
      const event = { userId, kind: 'passkey_refused', by: { ...SYSTEM, device }, notice: true } as const
      await tx.change(insertEvents(tx, this.#ids, [event]))
      return undefined
    }
    await tx.change(
      tx.db
        .updateTable('passkey')
        .set({ counter: newCounter, synced: info.credentialBackedUp, used_at: sql<Date>`now()` })
        .where('id', '=', passkey.id),
    )
    return userId
  }

  /** Whether the passkey of a response that was checked is still there, until the commit. */
  async isThere(tx: DoorTx, { id }: PasskeyResponse): Promise<boolean> {
    const row = tx.db.selectFrom('passkey').select('id').where('credential_id', '=', Buffer.from(id, 'base64url')).forShare()
    return (await tx.first(row)) !== undefined
  }

  /** A person's passkeys, where there may be one more. */
  async #room(tx: DoorTx, userId: UserId) {
    const known = await tx.all(tx.db.selectFrom('passkey').select(['credential_id', 'transports']).where('user_id', '=', userId))
    if (known.length >= MOST) throw new Failure('factor.too_many')
    return known
  }

  async #verified(given: PasskeyResponse, of: { challenge: string; id: string; publicKey: Buffer }) {
    const { origin, hostname } = this.#at()
    const verified = await verifyAuthenticationResponse({
      response: given as Parameters<typeof verifyAuthenticationResponse>[0]['response'],
      expectedChallenge: of.challenge,
      expectedOrigin: origin,
      expectedRPID: hostname,
      requireUserVerification: true,
      // The count is compared by us, who tell the person.
      credential: { id: of.id, publicKey: new Uint8Array(of.publicKey), counter: 0 },
    }).catch(() => undefined)
    return verified?.verified ? verified.authenticationInfo : undefined
  }

  #options(challenge: string, own: readonly { credential_id: Buffer; transports: string[] }[]) {
    return generateAuthenticationOptions({
      rpID: this.#at().hostname,
      challenge: bytes(challenge),
      timeout: GOOD_FOR_MS,
      userVerification: 'required',
      ...(own.length > 0
        ? { allowCredentials: own.map(({ credential_id, transports }) => ({ id: credential_id.toString('base64url'), transports })) }
        : {}),
    })
  }

  #at(): URL {
    return new URL(this.#baseUrl)
  }

  #names(tenantId: TenantId) {
    return this.#keys.ofTenant(tenantId, 'passkey')
  }
}

/** What a device keeps of whose a passkey is: their id, which says nothing about them. */
function handleOf(userId: UserId): Buffer<ArrayBuffer> {
  return Buffer.from(userId.replaceAll('-', ''), 'hex')
}

function bytes(base64url: string): Buffer<ArrayBuffer> {
  return Buffer.from(base64url, 'base64url')
}
