/** The product's parts that prove who somebody is, put together as its server does, for those who measure them alone. */
import { Accounts } from '#server/auth/accounts.ts'
import { Authenticator } from '#server/auth/authenticate.ts'
import { SessionEnds } from '#server/auth/session-ends.ts'
import { Sessions } from '#server/auth/sessions.ts'
import { Tenants } from '#server/auth/tenants.ts'
import { Tokens } from '#server/auth/token.ts'
import { InProcessStore } from '#server/isolation/cache.ts'
import type { Database } from '#server/isolation/database.ts'
import { Doors } from '#server/isolation/doors.ts'
import { ScopeKeys } from '#server/isolation/keys/scope-keys.ts'
import { systemClock } from '#server/kernel/clock.ts'
import { Ids } from '#server/kernel/ids.ts'
import type { testInstallation } from '#tests/support/cast.ts'
import { quietLog } from '#tests/support/quiet-log.ts'

/** Makes them, on connections that stay the caller's. */
export async function loginParts({ keyring }: Awaited<ReturnType<typeof testInstallation>>, database: Database) {
  const clock = systemClock
  const ids = new Ids(clock)
  const keys = new ScopeKeys(keyring)
  const doors = new Doors(database)
  const cache = new InProcessStore(clock)
  const tokens = new Tokens(await keyring.signingKey(), await keyring.instanceName())
  const sessions = new Sessions({ doors, ends: new SessionEnds({ doors, cache, log: quietLog }), tokens, clock, ids })
  return {
    ids,
    keys,
    doors,
    sessions,
    accounts: new Accounts({ doors, keys, sessions, clock, ids }),
    authenticator: new Authenticator({ database, cache, tokens, tenants: new Tenants(doors, clock), clock }),
  }
}
