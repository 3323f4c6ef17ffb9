/** Puts a server together: every part is made here once and handed to those that use it. */
import { readFileSync } from 'node:fs'
import type { FastifyInstance } from 'fastify'
import { factorRoutes } from './auth/factors/routes.ts'
import { FailureLimits, type FailuresAllowed, LETTERS_ALLOWED } from './auth/limits.ts'
import { createLogin } from './auth/login.ts'
import { meRoutes } from './auth/me-routes.ts'
import { type OidcParts, oidcRoutes } from './auth/oidc/routes.ts'
import { organisationFacts } from './auth/organisation.ts'
import { type PasswordParts, passwordRoutes } from './auth/passwords/routes.ts'
import { peopleRoutes } from './auth/people/routes.ts'
import { type AuthParts, authRoutes } from './auth/routes.ts'
import { securityRoutes } from './auth/security-routes.ts'
import type { Memberships } from './auth/sessions/memberships.ts'
import { sessionRoutes } from './auth/sessions/routes.ts'
import type { SessionEnds } from './auth/sessions/session-ends.ts'
import { whyEnded } from './auth/sessions/why-ended.ts'
import type { SetupCode } from './auth/setup-code.ts'
import type { Tenants } from './auth/tenants.ts'
import type { Config } from './config.ts'
import { ChatStore, ChatUse, chatRoutes } from './features/chats/index.ts'
import { DraftStore, draftRoutes } from './features/drafts/index.ts'
import { eventRoutes, type LoginWatch } from './features/events/index.ts'
import { handbookRoutes } from './features/librarian/index.ts'
import { memberRoutes } from './features/members/index.ts'
import {
  Answering,
  Asking,
  answerFollower,
  caringRoutes,
  FeedbackStore,
  Forking,
  Generations,
  generationRoutes,
  MessageSearch,
  MessageStore,
  messageRoutes,
  Tree,
  treeRoutes,
} from './features/messages/index.ts'
import { ModelChoice, modelRoutes, ProviderStore } from './features/models/index.ts'
import { PictureStore, pictureRoutes } from './features/pictures/index.ts'
import { PrivacyStore, privacyRoutes } from './features/privacy/index.ts'
import { SharingStore, sharingRoutes } from './features/sharing/index.ts'
import { createApp } from './http/app.ts'
import type { Certificate } from './http/certificate.ts'
import type { StreamTimes } from './http/events.ts'
import { OpenStreams } from './http/open-streams.ts'
import { RequestLimits } from './http/request-limits.ts'
import type { Actor } from './isolation/actor.ts'
import { type CacheStore, InProcessStore } from './isolation/cache.ts'
import { Cursors } from './isolation/cursor.ts'
import type { Database } from './isolation/database.ts'
import type { Doors } from './isolation/doors.ts'
import { Happenings } from './isolation/happenings.ts'
import { Jobs } from './isolation/jobs.ts'
import type { ScopeKeys } from './isolation/keys/scope-keys.ts'
import { KeptPages } from './isolation/pages.ts'
import type { StreamEnd } from './isolation/route.ts'
import { UnitsOfWork } from './isolation/unit-of-work.ts'
import { type Clock, systemClock } from './kernel/clock.ts'
import type { Ids } from './kernel/ids.ts'
import type { Log } from './kernel/log.ts'
import { type JobsOfServer, leavingParts } from './leaving.ts'
import { createMailer } from './mail/mailer.ts'
import { databasePlace } from './ops/database-place.ts'
import type { Installation } from './ops/installation.ts'
import { createEgress, type Egress } from './providers/egress.ts'
import { isLoopback } from './providers/public-address.ts'

export const VERSION: string = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')).version

export interface ServerOptions {
  readonly installation: Pick<Installation, 'keyring' | 'migrator' | 'secrets'>
  readonly config: Config
  /** For a server that speaks TLS itself. */
  readonly certificate?: Certificate | undefined
  readonly database: Database
  readonly log: Log
  readonly setupCode: SetupCode | undefined
  readonly clock?: Clock
  readonly cache?: CacheStore
  /** Takes part in the queue; without, exports and erasures are begun and left to servers that do. */
  readonly queue?: JobsOfServer | undefined
  /** Told of each letter that became a file, where no mail server is set. */
  readonly onLetterKept?: (file: string) => void
  /** How many failures to prove who one is are allowed; the product's own number unless a test says otherwise. */
  readonly failuresAllowed?: FailuresAllowed
  /** How long readers of streams are waited for; the product's own times unless a test says otherwise. */
  readonly streamTimes?: StreamTimes
}

export interface Server {
  readonly app: FastifyInstance
  /** Keeps what is being written, then stops listening. */
  close(): Promise<void>
}

/** A server that is not listening yet. The database stays its caller's. */
export async function createServer(options: ServerOptions): Promise<Server> {
  const { config, database, log } = options
  const { keyring, migrator, secrets } = options.installation
  const units = new UnitsOfWork(database)
  const egress = createEgress({ allow: config.egressAllow, forbid: ownAddresses(config, migrator.connectionString) })
  const goingDown = new AbortController()
  const streamsEnd = new AbortController()

  const clock = options.clock ?? systemClock
  const cache = options.cache ?? new InProcessStore(clock)
  const mailer = createMailer(config.mail, { clock, onKept: options.onLetterKept })
  const login = await createLogin({ database, keyring, log, clock, post: { mailer, baseUrl: config.baseUrl }, cache })
  login.ends.start()
  const happenings = new Happenings({ database, cache, log }).start()
  const cookies = { instance: await keyring.instanceName(), secure: config.baseUrl.startsWith('https:') }
  const chat = chatParts({ ...login, cache, database, log, units, egress, backupsKeptDays: config.backupsKeptDays })
  const limited = { doors: login.doors, key: await keyring.attemptKey() }
  const limits = new FailureLimits({ ...limited, allowed: options.failuresAllowed })
  const letterLimits = new FailureLimits({ ...limited, allowed: options.failuresAllowed ?? LETTERS_ALLOWED, of: 'letters' })
  const outbound = { ...egress, isLoopback }
  const account = { ...login, units, limits, letterLimits, cursors: chat.cursors, log, outbound, baseUrl: config.baseUrl }
  const leaving = { ...login, ...chat, units, database, log, cache, queue: options.queue, backupsKeptDays: config.backupsKeptDays }
  const app = await createApp({
    routes: [
      ...accountRoutes({ ...account, founding: { migrator, prefix: secrets.prefix, keyring }, setupCode: options.setupCode }),
      ...featureRoutes({ ...chat, egress }),
      ...eventRoutes({ units, happenings, followAnswer: answerFollower(chat), cursors: chat.cursors, login: loginWatch(login), log }),
      ...(await leavingParts(leaving)),
    ],
    ...login,
    baseUrl: config.baseUrl,
    trustedProxies: config.trustedProxies,
    units,
    log,
    version: VERSION,
    certificate: options.certificate,
    database,
    goingDown: goingDown.signal,
    streamsEnd: streamsEnd.signal,
    streamTimes: options.streamTimes,
    cookies,
    streams: new OpenStreams(),
    limits: new RequestLimits({ clock: login.clock, allowed: config.requestsAllowed }),
  })
  return {
    app,
    close: async () => {
      goingDown.abort()
      const endStreams = () => streamsEnd.abort('going down' satisfies StreamEnd)
      await handOver({ app, endStreams, isAlone: cache instanceof InProcessStore }, () => chat.generations.endAll(config.finishAnswersMs))
      // Questions that were being taken meanwhile have begun answers since.
      await Promise.all([chat.generations.endAll(0), login.ends.stop(), happenings.stop(), egress.close()])
      await Promise.all([login.invitations.settled(), login.background.settled()])
      mailer.close()
    },
  }
}

/** Another server serves those who read here at once, while this one goes on to write; alone, it serves them as long as it can. */
async function handOver(
  { app, endStreams, isAlone }: { app: FastifyInstance; endStreams: () => void; isAlone: boolean },
  endAnswers: () => Promise<void>,
): Promise<void> {
  if (isAlone) await endAnswers()
  endStreams()
  await app.close()
  if (!isAlone) await endAnswers()
}

type AccountParts = Omit<AuthParts, 'version'> &
  OidcParts &
  PasswordParts &
  Parameters<typeof factorRoutes>[0] &
  Parameters<typeof securityRoutes>[0] &
  Parameters<typeof peopleRoutes>[0]

/** What proves who somebody is, and what is theirs. */
function accountRoutes(parts: AccountParts) {
  return [
    ...authRoutes({ ...parts, version: VERSION }),
    ...meRoutes(parts),
    ...factorRoutes(parts),
    ...passwordRoutes(parts),
    ...sessionRoutes(parts),
    ...securityRoutes(parts),
    ...peopleRoutes(parts),
    ...oidcRoutes(parts),
  ]
}

/** What streams of events must know of logins. */
function loginWatch(login: Awaited<ReturnType<typeof createLogin>>): LoginWatch {
  const { authenticator, ends } = login
  return {
    watch: (actor, watcher) => ends.watch(actor, watcher),
    whyEnded: (token) => whyEnded(token, login),
    actorOf: async (token) => authenticator.actorOf(await authenticator.credentialOf(token), true),
  }
}

/** What people do. */
function featureRoutes(parts: ReturnType<typeof chatParts> & { egress: Egress }) {
  return [
    ...memberRoutes(parts),
    ...pictureRoutes(parts),
    ...chatRoutes(parts),
    ...messageRoutes(parts),
    ...treeRoutes(parts),
    ...caringRoutes(parts),
    ...generationRoutes(parts),
    ...sharingRoutes(parts),
    ...draftRoutes(parts),
    ...modelRoutes(parts),
    ...handbookRoutes(),
    ...privacyRoutes(parts),
  ]
}

interface Shared {
  readonly database: Database
  readonly clock: Clock
  readonly ids: Ids
  readonly keys: ScopeKeys
  readonly doors: Doors
  readonly ends: SessionEnds
  readonly memberships: Memberships
  readonly tenants: Tenants
}

/** What chats are made of. */
function chatParts({
  database,
  log,
  clock,
  ids,
  keys,
  doors,
  ends,
  memberships,
  tenants,
  cache,
  units,
  egress,
  backupsKeptDays,
}: Shared & { cache: CacheStore; log: Log; units: UnitsOfWork; egress: Egress; backupsKeptDays: number | undefined }) {
  const providers = new ProviderStore(keys)
  const tellChanged = (actor: Actor) => ends.tellChanged(actor)
  const models = new ModelChoice(providers)
  const chats = new ChatStore(keys)
  const messages = new MessageStore(keys)
  const drafts = new DraftStore(keys)
  const feedback = new FeedbackStore(keys)
  const pictures = new PictureStore(keys)
  const privacy = new PrivacyStore(keys)
  const factsOf = organisationFacts({ doors, keys, tenants, backupsKeptDays })
  const search = new MessageSearch({ keys, chats, messages })
  const tree = new Tree(messages)
  const answering = new Answering({ chats, messages, tree, models, search, units, egress })
  const generations = new Generations({ jobs: new Jobs(database), units, chats, messages, search, answering, cache, clock, log })
  const asking = new Asking({ chats, messages, tree, search, models, generations, clock, ids })
  const sharing = new SharingStore({ keys, ids, chats, messages, search })
  return {
    providers,
    models,
    chats,
    pages: new KeptPages({ cache, keys }),
    use: new ChatUse({ cache, clock }),
    messages,
    drafts,
    feedback,
    search,
    pictures,
    privacy,
    factsOf,
    tellChanged,
    tree,
    forking: new Forking({ chats, messages, tree, search, clock, ids }),
    sharing,
    membershipsChanged: memberships.changed.bind(memberships),
    log,
    generations,
    asking,
    cursors: new Cursors(keys),
    clock,
    ids,
  }
}

/** What no model server may be at: the database, and the cache. */
function ownAddresses({ redis }: Config, connectionString: string | undefined): { host: string; port: number }[] {
  return [databasePlace(connectionString ?? 'postgres://localhost'), ...(redis?.nodes ?? [])]
}
