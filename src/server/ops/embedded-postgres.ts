/**
 * A real PostgreSQL of our own, for machines that have none: made on first use, started and stopped with the server,
 * started again if it dies. Losing power, this process or the database loses nothing that was committed.
 *
 * `dataDir` holds `cluster` (PostgreSQL's own), `superuser-password` (mode 0600), `socket`, and the lock that keeps a
 * second server out.
 */
import type { ChildProcess } from 'node:child_process'
import { chown, mkdir, rm } from 'node:fs/promises'
import { type AddressInfo, createServer } from 'node:net'
import { join } from 'node:path'
import type { Log } from '../kernel/log.ts'
import { type Binaries, findBinaries } from './embedded/binaries.ts'
import { prepareCluster } from './embedded/cluster.ts'
import { giveTo, holdDataDirectory } from './embedded/data-directory.ts'
import { endOrphan } from './embedded/orphan.ts'
import { type Ending, keepRunning } from './embedded/postmaster.ts'

export interface Embedded {
  /** The superuser's, to the database `postgres`; it stays the same when PostgreSQL is started again. */
  readonly url: string
  /** Such as `18.4`. */
  readonly version: string
  /** Ends PostgreSQL in good order, rolling back what is under way, and lets go of the directory. */
  stop(): Promise<void>
  /** Settles when PostgreSQL has ended for good: stopped, or dying again and again. */
  readonly exited: Promise<Ending>
}

export interface EmbeddedOptions {
  readonly dataDir: string
  readonly log: Log
  /** PostgreSQL settings that go before ours. */
  readonly settings?: Readonly<Record<string, string>>
}

type Settings = Readonly<Record<string, string>>

/** The shortest limit of the systems we run on (macOS: 104 bytes with the final NUL). */
const SOCKET_PATH_BYTES = 103
const PORT = 5432

/** Nothing that a person typed reaches PostgreSQL's log: no statements, no values, no messages below LOG, which quote values. */
const SETTINGS: Settings = {
  log_statement: 'none',
  log_min_messages: 'log',
  log_min_error_statement: 'panic',
  log_parameter_max_length: '0',
  log_parameter_max_length_on_error: '0',
  log_checkpoints: 'off',
  log_line_prefix: '',
  shared_buffers: '128MB',
  work_mem: '8MB',
  maintenance_work_mem: '64MB',
  max_wal_size: '512MB',
  wal_level: 'replica',
  max_logical_replication_workers: '0',
  jit: 'off',
}

/** Starts the database in `dataDir`, making it if there is none; refuses with an `EmbeddedRefusal`, whose sentence says what to do. */
export async function startEmbedded({ dataDir, log, settings = {} }: EmbeddedOptions): Promise<Embedded> {
  const directory = await holdDataDirectory(dataDir)
  try {
    const { path } = directory
    const binaries = await findBinaries(path)
    await giveTo(path, binaries.owner)
    const pgdata = join(path, 'cluster')
    await endOrphan(pgdata, log)
    const password = await prepareCluster(path, binaries)
    const place = await chooseSocket(path, binaries)
    const start = () => startPostgres(binaries, pgdata, { ...SETTINGS, ...place.settings, ...settings })
    const kept = await keepRunning({ start, pgdata, log })
    const exited = kept.exited.finally(directory.release)
    const url = `postgres://postgres:${password}@${place.address}`
    const stop = async () => {
      await kept.stop()
      await exited
    }
    return { url, version: binaries.version, stop, exited }
  } catch (error) {
    directory.release()
    throw error
  }
}

function startPostgres(binaries: Binaries, pgdata: string, settings: Settings): ChildProcess {
  return binaries.start('postgres', ['-D', pgdata, ...Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`])])
}

/** A Unix socket in the directory, which only its owner may enter; where its path would be too long, a free port of the loopback address. */
async function chooseSocket(path: string, { owner }: Binaries): Promise<{ settings: Settings; address: string }> {
  const directory = join(path, 'socket')
  if (Buffer.byteLength(join(directory, `.s.PGSQL.${PORT}`)) > SOCKET_PATH_BYTES) {
    const port = await freePort()
    return {
      settings: { listen_addresses: '127.0.0.1', port: String(port), unix_socket_directories: '' },
      address: `127.0.0.1:${port}/postgres`,
    }
  }
  // A dead one's files in it may name a process id that is in use again, and PostgreSQL would refuse to start.
  await rm(directory, { recursive: true, force: true })
  await mkdir(directory, { mode: 0o700 })
  await chown(directory, owner.uid, owner.gid)
  return {
    settings: { listen_addresses: '', port: String(PORT), unix_socket_directories: `"${directory.replaceAll('"', '""')}"` },
    address: `localhost:${PORT}/postgres?host=${encodeURIComponent(directory)}`,
  }
}

async function freePort(): Promise<number> {
  const server = createServer()
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  server.once('error', reject).listen(0, '127.0.0.1', resolve)
  await promise
  const { port } = server.address() as AddressInfo
  await new Promise((closed) => server.close(closed))
  return port
}
