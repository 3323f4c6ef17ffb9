/** Everything that proves who somebody is, put together once: for the server, for operators' commands, and for whoever measures or tests. */
import { type CacheStore, InProcessStore } from '../isolation/cache.ts'
import type { Database } from '../isolation/database.ts'
import { Doors } from '../isolation/doors.ts'
import { forgetErased } from '../isolation/keys/erased.ts'
import type { Keyring } from '../isolation/keys/keyring.ts'
import { ScopeKeys } from '../isolation/keys/scope-keys.ts'
import { Background } from '../kernel/background.ts'
import { type Clock, systemClock } from '../kernel/clock.ts'
import { Ids } from '../kernel/ids.ts'
import type { Log } from '../kernel/log.ts'
import type { Mailer } from '../mail/mailer.ts'
import { Accounts } from './accounts.ts'
import { AuthenticatorApps } from './factors/authenticator-app.ts'
import { Factors } from './factors/factors.ts'
import { Passkeys } from './factors/passkeys.ts'
import { RecoveryCodes } from './factors/recovery-codes.ts'
import { SecondFactor } from './factors/second-factor.ts'
import { Letters } from './letters.ts'
import { Guessing } from './passwords/guessing.ts'
import { Passwords } from './passwords/passwords.ts'
import { Addresses } from './people/addresses.ts'
import { Invitations } from './people/invitations.ts'
import { People } from './people/people.ts'
import { Recoveries } from './people/recoveries.ts'
import { Ending } from './sessions/ending.ts'
import { Memberships } from './sessions/memberships.ts'
import { Renewal } from './sessions/renewal.ts'
import { SessionEnds } from './sessions/session-ends.ts'
import { Sessions } from './sessions/sessions.ts'
import { SignIns } from './sign-ins.ts'
import { Tenants } from './tenants.ts'
import { ApiTokens } from './tokens/api-tokens.ts'
import { Authenticator } from './tokens/authenticate.ts'
import { SigningKeys } from './tokens/signing-keys.ts'
import { Tokens } from './tokens/token.ts'

export interface LoginOptions {
  readonly database: Database
  readonly keyring: Keyring
  readonly log: Log
  /** How letters are sent, and where people reach this server: their links are made from it. Without, none can be sent. */
  readonly post?: { readonly mailer: Mailer; readonly baseUrl: string } | undefined
  readonly clock?: Clock | undefined
  /** One of this process alone when left out. */
  readonly cache?: CacheStore | undefined
}

const NO_POST: NonNullable<LoginOptions['post']> = {
  mailer: {
    way: 'folder',
    send: () => Promise.reject(new Error('this process sends no letters')),
    forget: async () => ({ removed: 0, left: [] }),
    close: () => undefined,
  },
  baseUrl: '',
}

/** Makes the parts, on connections that stay the caller's. Nothing runs by itself until `ends.start()`. */
export async function createLogin({
  database,
  keyring,
  log,
  post = NO_POST,
  clock = systemClock,
  cache = new InProcessStore(clock),
}: LoginOptions) {
  const ids = new Ids(clock)
  const keys = new ScopeKeys(keyring)
  forgetErased(cache, keys)
  const doors = new Doors(database)
  const tenants = new Tenants(doors, clock)
  const tokens = new Tokens(await SigningKeys.open({ keyring, clock, log }), await keyring.instanceName())
  const ends = new SessionEnds({ doors, cache, log })
  const memberships = new Memberships({ doors, cache })
  const ending = new Ending({ doors, ends, ids })
  const renewal = new Renewal({ doors, tokens, clock, ending })
  const sessions = new Sessions({ doors, tokens, clock, ids })
  const letters = new Letters({ ...post, log })
  const passkeys = new Passkeys({ keys, ids, baseUrl: post.baseUrl })
  const apps = new AuthenticatorApps({ keys, clock })
  const recoveryCodes = new RecoveryCodes(await keyring.recoveryKey())
  const background = new Background(log)
  const guessing = new Guessing({ background, clock, doors, ends, ids, letters, tenants })
  const secondFactor = new SecondFactor({ doors, ids, sessions, guessing, passkeys, apps, recoveryCodes })
  const factors = new Factors({ clock, doors, ends, ids, letters, passkeys, apps, recoveryCodes, renewal, tenants })
  const signIns = new SignIns({ sessions, secondFactor })
  const passwords = new Passwords({ background, doors, ending, guessing, ids, letters, renewal, signIns, tenants })
  const accounts = new Accounts({ doors, keys, passwords, signIns, ids })
  const authenticator = new Authenticator({ database, cache, tokens, tenants, renewal, clock })
  const people = new People({ doors, ending, ends, ids })
  const invitations = new Invitations({ doors, accounts, letters, tenants })
  const recoveries = new Recoveries({ doors, ending, ends, ids, letters, passwords, signIns, tenants })
  const addresses = new Addresses({ doors, ids, letters, tenants })
  const apiTokens = new ApiTokens({ doors, keys, ids })
  return {
    ...{ clock, ids, keys, doors, tenants, ends, memberships, ending, renewal, sessions, signIns, letters, background },
    ...{ accounts, passwords, people, invitations, recoveries, addresses, apiTokens, authenticator },
    ...{ guessing, passkeys, secondFactor, factors },
  }
}
