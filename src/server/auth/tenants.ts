/** Which organisation a caller means: by slug, or without asking when there is one. Organisations are never listed to anyone. */
import type { TenantId } from '#contract/ids.ts'
import type { Doors, TenantEntry } from '../isolation/doors.ts'
import type { Clock } from '../kernel/clock.ts'
import { Failure } from '../kernel/failure.ts'

/** A directory older than this is read again before saying that something is not in it. */
const FRESH_MS = 1_000

export class Tenants {
  readonly #doors: Doors
  readonly #clock: Clock
  #known: readonly TenantEntry[] = []
  #readAtMs = Number.NEGATIVE_INFINITY

  constructor(doors: Doors, clock: Clock) {
    this.#doors = doors
    this.#clock = clock
  }

  /** How many organisations this server holds. */
  async count(): Promise<number> {
    await this.#refreshUnless((known) => known.length > 1)
    return this.#known.length
  }

  /** The organisation with this id, if there is one. */
  async byId(id: TenantId): Promise<TenantEntry | undefined> {
    await this.#refreshUnless((known) => known.some((tenant) => tenant.id === id))
    return this.#known.find((tenant) => tenant.id === id)
  }

  /** One or another of the organisations, for work that is to look the same where there is none to do it for. */
  async any(): Promise<TenantEntry | undefined> {
    await this.#refreshUnless((known) => known.length > 0)
    return this.#known[0]
  }

  /** The organisation to sign in to. Undefined when the slug names none; fails when a slug is needed and none was given. */
  async forSignIn(slug: string | undefined): Promise<TenantEntry | undefined> {
    if (slug !== undefined) {
      await this.#refreshUnless((known) => known.some((tenant) => tenant.slug === slug))
      return this.#known.find((tenant) => tenant.slug === slug)
    }
    if ((await this.count()) > 1) throw new Failure('auth.organisation_needed')
    return this.#known[0]
  }

  /** Whether signing in may ask for a longer login. Where there are several organisations it may: which one it is, is not known yet. */
  async mayRemember(): Promise<boolean> {
    const [only, ...others] = (await this.count()) > 0 ? this.#known : []
    if (!only || others.length > 0) return true
    const policy = await this.#doors.open(only.id, (tx) => tx.first(tx.db.selectFrom('login_policy').select('remember')))
    return policy?.remember ?? true
  }

  /** Forgets what was read; called when an organisation was founded by this server. */
  forget(): void {
    this.#readAtMs = Number.NEGATIVE_INFINITY
  }

  async #refreshUnless(answered: (known: readonly TenantEntry[]) => boolean): Promise<void> {
    if (answered(this.#known) || this.#clock.now() - this.#readAtMs < FRESH_MS) return
    this.#known = await this.#doors.tenants()
    this.#readAtMs = this.#clock.now()
  }
}

/** A short name out of a long one; `main` when nothing of it can be used. */
export function slugOf(name: string): string {
  const slug = name
    .normalize('NFKD')
    .replace(/\p{M}+/gu, '')
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .slice(0, 40)
    .replace(/^-+|-+$/g, '')
  return slug || 'main'
}
