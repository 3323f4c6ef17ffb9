/** Setting the provider up and changing it: an administrator's act under a fresh proof, of which all administrators are told. */
import type { z } from 'zod'
import type { UserId } from '#contract/ids.ts'
import type { SignInProvider, setSignInProvider, testSignInProvider } from '#contract/oidc.ts'
import type { Actor } from '../../isolation/actor.ts'
import type { Doors, DoorTx } from '../../isolation/doors.ts'
import { Failure } from '../../kernel/failure.ts'
import type { Ids } from '../../kernel/ids.ts'
import type { Device } from '../device.ts'
import { factorRules, restrictLogins } from '../factors/rules.ts'
import type { Letters } from '../letters.ts'
import { administratorsBut } from '../people/administrators.ts'
import { insertEvents } from '../security-log.ts'
import type { Ending } from '../sessions/ending.ts'
import type { SessionEnds } from '../sessions/session-ends.ts'
import type { Tenants } from '../tenants.ts'
import { providerChangedLetter } from './letters.ts'
import type { KnownProvider, ProviderStore } from './provider-store.ts'

type Wanted = z.output<typeof setSignInProvider.body>
type Tested = z.output<typeof testSignInProvider.body>

export interface SettingsParts {
  readonly doors: Doors
  readonly ending: Ending
  readonly ends: SessionEnds
  readonly ids: Ids
  readonly letters: Letters
  readonly store: ProviderStore
  readonly tenants: Tenants
}

export class ProviderSettings {
  readonly #parts: SettingsParts
  constructor(parts: SettingsParts) {
    this.#parts = parts
  }

  /** As an administrator sees it: all of it but the secret. */
  async shown(admin: Actor): Promise<SignInProvider | null> {
    const { doors, store } = this.#parts
    const known = await doors.lookAsAdmin(admin.tenantId, admin.tokenHash, (tx) => store.find(tx))
    if (!known) return null
    const { clientSecret: _, revision: __, changedAt, ...shown } = known
    return { ...shown, timeChanged: changedAt.toISOString() }
  }

  /**
   * Puts it in force. Identities stay as they are: each is of the issuer that it was made with. Where its sign-ins counted as two factors
   * and do so no more, logins of those who must have a second one here and have none are restricted with it. Fails with
   * `oidc.secret_needed`, and with `factor.own_first` for whoever would shut themselves out.
   */
  async set(admin: Actor, wanted: Wanted, device: Device): Promise<SignInProvider> {
    const { ending, ends, ids, store } = this.#parts
    const { clientSecret: _, ...config } = wanted
    let changed = new Date(0)
    let administrators: Awaited<ReturnType<typeof administratorsBut>> = []
    const change = async (tx: DoorTx) => {
      const known = await store.find(tx, 'update')
      changed = await store.set(tx, { ...config, clientSecret: secretFor(wanted, known), revision: ids.next<string>() })
      administrators = await administratorsBut(tx)
      const by = { kind: 'administrator', userId: admin.userId, device } as const
      await tx.change(
        insertEvents(
          tx,
          ids,
          administrators.map(({ id }) => ({ userId: id as UserId, kind: 'provider_changed', by, notice: true })),
        ),
      )
      return known?.twoFactors && !countsStill(known, wanted) ? restrictOthers(tx, admin.userId) : []
    }
    await ending.endByRules(admin, change, device)
    for (const { id } of administrators) await ends.tellNews(admin.tenantId, id as UserId)
    await this.#write(admin, config, administrators)
    return { ...config, timeChanged: changed.toISOString() }
  }

  /** The secret that a test uses: the one that was typed, or the kept one, where that was given for this issuer and client. */
  async secretFor(admin: Actor, tested: Tested): Promise<string> {
    return secretFor(tested, await this.#parts.doors.open(admin.tenantId, (tx) => this.#parts.store.find(tx)))
  }

  async #write(
    admin: Actor,
    provider: Omit<SignInProvider, 'timeChanged'>,
    to: Awaited<ReturnType<typeof administratorsBut>>,
  ): Promise<void> {
    const organisation = (await this.#parts.tenants.byId(admin.tenantId))!.name
    const by = to.find(({ id }) => id === admin.userId)?.name ?? 'An administrator'
    for (const { id, email, name } of to)
      await this.#parts.letters.send(providerChangedLetter({ to: email, name, organisation, by, provider }), [id, admin.userId])
  }
}

/** It was given for one issuer and client, and is sent nowhere else unasked. */
function secretFor({ issuer, clientId, clientSecret }: Tested, known: KnownProvider | undefined): string {
  if (clientSecret !== undefined) return clientSecret
  if (known?.issuer === issuer && known.clientId === clientId) return known.clientSecret
  throw new Failure('oidc.secret_needed')
}

/** Whether who signed in at the provider as it was has proven as much by the settings as they are to be. */
function countsStill({ issuer }: KnownProvider, wanted: Wanted): boolean {
  return wanted.on && wanted.twoFactors && wanted.issuer === issuer
}

async function restrictOthers(tx: DoorTx, adminId: UserId) {
  const { hasFactor, isRequired } = await factorRules(tx, adminId)
  if (isRequired && !hasFactor) throw new Failure('factor.own_first')
  return restrictLogins(tx)
}
