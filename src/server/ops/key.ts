/** `sardonyx key …`: the keys that sign logins, as the operator sees them. They are in the keyring alone: no database is asked. */
import { signerAt } from '../auth/tokens/signing-keys.ts'
import type { Keyring, SigningKey } from '../isolation/keys/keyring.ts'
import type { Clock } from '../kernel/clock.ts'

/** A signing key without its secret. */
export interface KeyFacts {
  readonly id: string
  readonly file: string
  readonly state: 'signs' | 'will sign' | 'has signed'
  /** Null for the first key, which signed from the beginning. */
  readonly signsFrom: string | null
  /** When a newer key takes, or took, its place; null for the newest. */
  readonly signsUntil: string | null
}

/** The keys, oldest first. */
export async function listKeys(keyring: Keyring, clock: Clock): Promise<KeyFacts[]> {
  const keys = await keyring.signingKeys()
  return keys.map((key) => factsOf(key, keys, clock.now()))
}

/** Makes a new key with which servers sign once the delay is over. */
export async function rotateKey(keyring: Keyring, delayMs: number, clock: Clock): Promise<KeyFacts> {
  // Fails for a master key that is another one than the servers', which could not open what it wraps.
  await keyring.signingKeys()
  const { id } = await keyring.addSigningKey(clock.now() + delayMs).catch((error: NodeJS.ErrnoException) => {
    throw error.code === 'EEXIST' ? new Error('Somebody else made a key at this very moment. “sardonyx key list” shows it.') : error
  })
  return (await listKeys(keyring, clock)).find((key) => key.id === id)!
}

/** Takes a key away, so that no server lets in what it signed; refuses while servers sign with it, or will. */
export async function retireKey(keyring: Keyring, id: string, clock: Clock): Promise<KeyFacts> {
  const keys = await keyring.signingKeys()
  const key = keys.find((one) => one.id === id)
  if (!key) throw new Error(`There is no key ${id}. “sardonyx key list” shows those that there are.`)
  const facts = factsOf(key, keys, clock.now())
  if (facts.signsUntil === null)
    throw new Error(`Key ${id} is the newest, and without it nobody could sign in. Make another first, with “sardonyx key rotate”.`)
  if (facts.state === 'signs') throw new Error(`Servers sign with key ${id} until ${facts.signsUntil}. Retire it after that.`)
  await keyring.dropSigningKey(key.number)
  return facts
}

function factsOf(key: SigningKey, keys: readonly SigningKey[], nowMs: number): KeyFacts {
  const newer = keys.filter(({ number }) => number > key.number).map(({ signsFromMs }) => signsFromMs)
  const state = key === signerAt(keys, nowMs) ? 'signs' : key.signsFromMs > nowMs ? 'will sign' : 'has signed'
  return {
    id: key.id,
    file: `signing-${key.number}.key`,
    state,
    signsFrom: key.signsFromMs === 0 ? null : timeOf(key.signsFromMs),
    signsUntil: newer.length === 0 ? null : timeOf(Math.min(...newer)),
  }
}

function timeOf(ms: number): string {
  return new Date(ms).toISOString()
}

/** A key, as a person reads it. */
export function keyLine({ id, file, state, signsFrom, signsUntil }: KeyFacts): string {
  if (state === 'will sign') return `${id}\t${file}\tsigns logins from ${signsFrom} on`
  if (state === 'has signed') return `${id}\t${file}\tsigned logins until ${signsUntil}; they are still good`
  return `${id}\t${file}\tsigns logins${signsUntil === null ? '' : ` until ${signsUntil}`}`
}
