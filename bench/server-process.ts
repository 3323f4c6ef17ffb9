/** The program of `server.ts`: the product's server, two routes to compare with, and answers about itself over the parent's channel. */
import { createOpenAICompatible } from '@ai-sdk/openai-compatible'
import { streamText } from 'ai'
import { z } from 'zod'
import { endpoint } from '#contract/endpoint.ts'
import { createLogin } from '#server/auth/login.ts'
import { hashPassword, passwordMatches } from '#server/auth/passwords/password.ts'
import { readConfig } from '#server/config.ts'
import { bind } from '#server/http/bind.ts'
import { OpenStreams } from '#server/http/open-streams.ts'
import { RequestLimits } from '#server/http/request-limits.ts'
import { FirstLevel } from '#server/isolation/cache/first-level.ts'
import { redisSettings } from '#server/isolation/cache/redis-settings.ts'
import { RedisStore } from '#server/isolation/cache/redis-store.ts'
import { ScopeKeys, type Sealer } from '#server/isolation/keys/scope-keys.ts'
import { route } from '#server/isolation/route.ts'
import { UnitsOfWork } from '#server/isolation/unit-of-work.ts'
import { systemClock } from '#server/kernel/clock.ts'
import { connect } from '#server/ops/installation.ts'
import { createServer } from '#server/server.ts'
import { PASSWORD, testInstallation } from '#tests/support/cast.ts'
import { quietLog } from '#tests/support/quiet-log.ts'
import type { Question, Settings } from './server.ts'

const settings = JSON.parse(process.argv[2]!) as Settings

if (settings.unsealed)
  replaceSealers(async () => ({ seal: (plain) => Buffer.from(plain), open: (sealed) => sealed.toString(), openBytes: (sealed) => sealed }))
if (settings.openings) slowSealers(settings.openings)

if (settings.hoarding) hoardPerStream()
if (settings.far) FirstLevel.prototype.open = () => undefined
const { aheadMs = 0 } = settings
const clock = { now: () => systemClock.now() + aheadMs }

const installation = await testInstallation(settings)
const database = connect(installation, quietLog)
const config = readConfig({ 'egress-allow': settings.egressAllow ?? '', 'requests-per-login': '0', 'requests-per-network': '0' }, {})
const redis = settings.redisUrl === undefined ? undefined : redisSettings(settings.redisUrl, { ca: undefined, prefix: '' })
const cache = redis && (await RedisStore.open(redis, { clock, log: quietLog }))
const server = await createServer({
  installation,
  config,
  database,
  log: quietLog,
  setupCode: undefined,
  clock,
  failuresAllowed: { perAccount: 1e6, perAddress: 1e6 },
  ...(cache ? { cache } : {}),
})

const HELLO = { hello: 'Good morning.' }
server.app.get('/hello', async () => HELLO)
/** A stream in which nothing is but its beginning, as bare as Node has it. */
server.app.get('/held', (_request, reply) => {
  reply.hijack()
  reply.raw.writeHead(200, { 'content-type': 'text/event-stream' }).write('event: opened\n\n')
})
const helloSignedIn = endpoint({
  id: 'bench.hello',
  method: 'GET',
  path: '/api/bench/hello',
  summary: 'The same, for somebody signed in',
  access: 'user',
  work: 'read',
  reply: z.strictObject({ hello: z.string() }),
})
const login = await createLogin({ database, keyring: installation.keyring, log: quietLog, clock })
const cookies = { instance: await installation.keyring.instanceName(), secure: false }
const parts = {
  ...login,
  units: new UnitsOfWork(database),
  cookies,
  limits: new RequestLimits({ clock, allowed: config.requestsAllowed }),
  streams: new OpenStreams(),
  log: quietLog,
  streamsEnd: new AbortController().signal,
}
bind(
  server.app,
  route(helloSignedIn, async () => HELLO),
  parts,
)
/** The control: the login is looked up in the database each time, as it would be without the cache. */
bind(
  server.app,
  route({ ...helloSignedIn, path: '/api/bench/hello-confirmed', work: 'none' }, async () => HELLO),
  parts,
)

await server.app.listen({ host: '127.0.0.1', port: 0 })
const address = server.app.server.address()
if (address === null || typeof address === 'string') throw new Error('the server has no port')
process.send?.(address.port)

const passwordHash = await hashPassword(PASSWORD)
process.on('message', (question: Question) => void answer(question).then((value) => process.send?.(value)))
process.once('SIGTERM', () => process.exit())
process.once('disconnect', () => process.exit())

async function answer(question: Question): Promise<number> {
  if (question.kind === 'cpu') {
    const { user, system } = process.cpuUsage()
    return (user + system) / 1_000
  }
  if (question.kind === 'memory') {
    // Twice: what the first finds to be finalised goes with the second.
    for (let i = 0; i < 2; i++) globalThis.gc?.()
    const { heapUsed, external } = process.memoryUsage()
    return (heapUsed + external) / 1_024
  }
  if (question.kind === 'hash') {
    const startedMs = performance.now()
    await passwordMatches(PASSWORD, passwordHash)
    return performance.now() - startedMs
  }
  const model = createOpenAICompatible({ name: 'bench', baseURL: question.baseUrl }).chatModel(question.model)
  let pieces = 0
  for await (const part of streamText({ model, prompt: 'Go on.', telemetry: { isEnabled: false } }).fullStream) {
    if (part.type === 'error') throw part.error
    if (part.type === 'text-delta') pieces++
  }
  return pieces
}

/** Puts other sealers in place of the product's for titles and messages. */
function replaceSealers(make: () => Promise<Sealer>): void {
  ScopeKeys.prototype.ofScope = make
  ScopeKeys.prototype.ofChat = make
}

/** Has every stream keep 64 KB as long as it is open. */
function hoardPerStream(): void {
  const { begin } = OpenStreams.prototype
  OpenStreams.prototype.begin = function (this: OpenStreams, userId) {
    const hoard = Buffer.alloc(65_536, 1)
    const end = begin.call(this, userId)
    return () => {
      hoard.fill(0)
      end()
    }
  }
}

/** Has everything opened so many times. */
function slowSealers(times: number): void {
  const { ofScope, ofChat } = ScopeKeys.prototype
  const slow = (sealer: Sealer): Sealer => ({
    ...sealer,
    open(sealed, row, column) {
      for (let time = 1; time < times; time++) sealer.open(sealed, row, column)
      return sealer.open(sealed, row, column)
    },
  })
  ScopeKeys.prototype.ofScope = async function (this: ScopeKeys, ...args) {
    return slow(await ofScope.apply(this, args))
  }
  ScopeKeys.prototype.ofChat = async function (this: ScopeKeys, ...args) {
    return slow(await ofChat.apply(this, args))
  }
}
