/** The lease of an answer that is being written: who writes it renews it, and when nobody has for a while, its writer is thought dead. */
import { type RawBuilder, sql } from 'kysely'

/** How long a lease lasts; it is renewed every second. */
const LEASE_MS = 6_000
const LEASE = sql`make_interval(secs => ${sql.lit(LEASE_MS / 1_000)})`

export const leaseFromNow: RawBuilder<Date> = sql<Date>`now() + ${LEASE}`

/** Whether a lease holds. While the database was down nobody could renew one, so none runs out sooner than it would that began with it. */
export const leaseHolds: RawBuilder<boolean> = sql<boolean>`greatest(chat_message.lease_until, pg_postmaster_start_time() + ${LEASE}) > now()`
