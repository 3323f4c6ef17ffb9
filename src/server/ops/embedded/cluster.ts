/**
 * The files of the embedded database: made whole or not at all, of this major version, behind a password that only the
 * owner of the directory can read.
 */
import { randomBytes } from 'node:crypto'
import { chown, open, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Binaries } from './binaries.ts'
import { reasonOf, watch } from './postmaster.ts'
import { EmbeddedRefusal, refusingIn } from './refusal.ts'

/** Makes sure of a cluster in `path` that our PostgreSQL can open, and returns its superuser's password. */
export async function prepareCluster(path: string, binaries: Binaries): Promise<string> {
  const secret = join(path, 'superuser-password')
  const made = await readFile(join(path, 'cluster', 'PG_VERSION'), 'utf8').catch(ifAbsent)
  if (made === undefined) return makeCluster(path, binaries)
  const ours = binaries.version.split('.')[0]
  if (made.trim() !== ours) {
    throw new EmbeddedRefusal(
      `The database in ${path} was made by PostgreSQL ${made.trim()}, and this Sardonyx brings PostgreSQL ${ours}. Start it with the Sardonyx that made it and move its data by a backup, or give another directory.`,
    )
  }
  const password = await readFile(secret, 'utf8').catch(ifAbsent)
  if (password === undefined) {
    throw new EmbeddedRefusal(
      `The file ${secret} is missing, and without it nobody can open the database beside it. Put it back from your copy.`,
    )
  }
  return password.trim()
}

/** Made under another name, then renamed: a cluster whose making was interrupted is never taken for a whole one. */
async function makeCluster(path: string, binaries: Binaries): Promise<string> {
  const [secret, fresh] = [join(path, 'superuser-password'), join(path, 'cluster.new')]
  const password = randomBytes(32).toString('base64url')
  return refusingIn(path, async () => {
    await rm(fresh, { recursive: true, force: true })
    await writeFile(secret, `${password}\n`, { mode: 0o600, flush: true })
    await chown(secret, binaries.owner.uid, binaries.owner.gid)
    await runInitdb(fresh, { secret, binaries })
    await rename(fresh, join(path, 'cluster'))
    await syncDirectory(path)
    return password
  })
}

async function runInitdb(fresh: string, { secret, binaries }: { secret: string; binaries: Binaries }): Promise<void> {
  // The builtin collation is PostgreSQL's own: an upgrade of the operating system can't silently reorder indexes.
  const locale = ['--locale=C', '--locale-provider=builtin', '--builtin-locale=C.UTF-8']
  const child = binaries.start('initdb', [
    '-D',
    fresh,
    '-U',
    'postgres',
    '-A',
    'scram-sha-256',
    `--pwfile=${secret}`,
    '-E',
    'UTF8',
    ...locale,
  ])
  const run = watch(child)
  const { code } = await run.ending
  if (code !== 0) throw new EmbeddedRefusal(`The database could not be made in ${fresh}: ${reasonOf(run)}`)
}

/** After a power cut the old name would come back, and what was committed since would go with it. */
async function syncDirectory(path: string): Promise<void> {
  const directory = await open(path, 'r')
  try {
    await directory.sync()
  } finally {
    await directory.close()
  }
}

function ifAbsent(error: NodeJS.ErrnoException): undefined {
  if (error.code !== 'ENOENT') throw error
}
