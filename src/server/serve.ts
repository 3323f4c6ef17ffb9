/** `sardonyx serve`: the whole product in one process, with its database, until it is told to stop. */
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { SetupCode } from './auth/setup-code.ts'
import type { Config } from './config.ts'
import { type Certificate, givenCertificate, ownCertificate } from './http/certificate.ts'
import { RedisStore } from './isolation/cache/redis-store.ts'
import { Doors } from './isolation/doors.ts'
import type { Queue } from './isolation/queue.ts'
import { systemClock } from './kernel/clock.ts'
import { createLog } from './kernel/log.ts'
import { startCleanUps } from './ops/clean-up.ts'
import { demoAccounts, demoPassword, fillDemo } from './ops/demo.ts'
import { connect, migrateAll, openInstallation } from './ops/installation.ts'
import { offerModelServers } from './providers/discovery.ts'
import { createServer, VERSION } from './server.ts'

/**
 * Runs until a signal or the end of the embedded database; resolves with the exit code. `say` speaks to the person at the terminal; a
 * demo has the cast in place.
 */
export async function serve(config: Config, say: (line: string) => void, mode: 'product' | 'demo' = 'product'): Promise<number> {
  const log = createLog({ level: config.logLevel })
  say(`Sardonyx ${VERSION}`)
  const installation = await openInstallation(config, log)
  try {
    for (const line of await migrateAll(installation)) log.info({ line }, 'migrated')
    const database = connect(installation, log)
    const stopped = untilSignal()
    const cache = config.redis && (await RedisStore.open(config.redis, { clock: systemClock, log }))
    let cleanUps: Queue | undefined
    try {
      if (mode === 'demo') {
        const password = await demoPassword(config.dataDir)
        await fillDemo({ installation, database, password, log })
        say(`\n${demoAccounts(password)}`)
      }
      const isSetUp = (await new Doors(database).tenants()).length > 0
      if (installation.isNew) say(keyringNotice(installation.keyringDirectory))
      const certificate = await certificateOf(config)
      const setupCode = isSetUp ? undefined : new SetupCode(systemClock, (code) => say(`\nSetup code: ${code}   (good for an hour)`))
      cleanUps = await startCleanUps(installation, database, log)
      const server = await createServer({
        ...{ installation, config, certificate, database, log, setupCode, queue: cleanUps },
        onLetterKept: (file) => say(`A letter is in ${file}`),
        ...(cache ? { cache } : {}),
      })
      try {
        await listen(server.app, config)
        const { port } = server.app.server.address() as AddressInfo
        const address = config.baseUrl.replace(`:${config.port}`, `:${port}`)
        if (certificate?.isSelfMade) say(explained(certificate))
        setupCode?.announce()
        say(isSetUp ? `\nReady at ${address}\n` : `\nOpen ${address}/setup and enter the setup code.\n`)
        // A setting that is given is the operator's answer already.
        if (config.egressAllow.length === 0) void offerModelServers(say)
        const reason = await Promise.race([stopped, installation.databaseEnded.then(() => 'database' as const)])
        if (reason === 'database') log.error({}, 'the embedded database ended by itself; stopping')
        else say('Stopping.')
        return reason === 'database' ? 1 : 0
      } finally {
        await server.close()
      }
    } finally {
      await cleanUps?.stop()
      await cache?.close()
      await database.close()
    }
  } finally {
    await installation.close()
  }
}

function keyringNotice(directory: string): string {
  return `\nA keyring was made in ${directory}.\nKeep a copy of it elsewhere: without it nothing that is stored here can be read again.`
}

async function certificateOf({ tls, dataDir }: Config): Promise<Certificate | undefined> {
  if (tls === 'off') return undefined
  return tls === 'own' ? ownCertificate(join(dataDir, 'tls'), systemClock) : givenCertificate(tls.certFile, tls.keyFile)
}

function explained({ fingerprint }: Certificate): string {
  return `
Other machines reach this server over https, with a certificate that it made itself, so browsers will warn.
Its SHA-256 fingerprint is
${fingerprint}
Compare it when the browser shows it, or give a certificate of your own: SARDONYX_TLS_CERT_FILE and SARDONYX_TLS_KEY_FILE.`
}

async function listen(app: { listen(options: { host: string; port: number }): Promise<string> }, { host, port }: Config): Promise<void> {
  try {
    await app.listen({ host, port })
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EADDRINUSE')
      throw new Error(`Port ${port} is in use. Stop what uses it, or give another one: npm start -- --port ${port + 1}`)
    throw error
  }
}

function untilSignal(): Promise<'signal'> {
  return new Promise((resolve) => {
    // Listening goes on: a terminal's Ctrl-C reaches the launcher as well, which passes it on, and the second must not cut things short.
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => resolve('signal'))
  })
}
