/**
 * The directory of the embedded database: who holds it, and whom its files belong to. One living process holds it at a
 * time. The lock is the kernel's (SQLite's lock on a file), so it goes when its holder dies, however it dies; a file
 * with a process id would outlive a crash, name a stranger after the id is used again, and mean nothing across containers.
 */
import { lchown, lstat, mkdir, readdir, readFile, realpath, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { EmbeddedInUse, EmbeddedRefusal, refusingIn } from './refusal.ts'

const LOCK = 'server.lock'
const HOLDER = 'server.pid'
const OURS = new Set([LOCK, HOLDER, `${LOCK}-journal`, 'cluster', 'cluster.new', 'superuser-password', 'socket'])
const SQLITE_BUSY = 5

export interface DataDirectory {
  /** Absolute, without symbolic links. */
  readonly path: string
  /** Lets another process hold the directory. */
  release(): void
}

/** Makes the directory if need be and holds it for this process; refuses one that is held, holds other files, or can't be written. */
export async function holdDataDirectory(given: string): Promise<DataDirectory> {
  return refusingIn(given, async () => {
    await mkdir(given, { recursive: true, mode: 0o700 })
    const path = await realpath(given)
    const strangers = (await readdir(path)).filter((name) => !OURS.has(name))
    if (strangers.length > 0) {
      throw new EmbeddedRefusal(
        `The data directory ${path} holds other files (${strangers[0]}). Give an empty directory, or one made by Sardonyx.`,
      )
    }
    const lock = await lockDirectory(path)
    try {
      await writeFile(join(path, HOLDER), `${process.pid}\n`, { mode: 0o644 })
    } catch (cause) {
      lock.close()
      throw cause
    }
    return { path, release: () => lock.close() }
  })
}

async function lockDirectory(path: string): Promise<DatabaseSync> {
  // Opened by us first: SQLite's own error for a directory that can't be written has no system code.
  await writeFile(join(path, LOCK), '', { flag: 'a', mode: 0o600 })
  const lock = new DatabaseSync(join(path, LOCK), { timeout: 0 })
  try {
    lock.exec('begin exclusive')
    return lock
  } catch (cause) {
    lock.close()
    if (!(cause instanceof Error && 'errcode' in cause && cause.errcode === SQLITE_BUSY)) throw cause
    const holder = await readFile(join(path, HOLDER), 'utf8').catch(() => 'unknown')
    throw new EmbeddedInUse(
      `The data directory ${path} is in use by another Sardonyx server (process ${holder.trim()}). Stop that one first, or give another directory.`,
      { cause },
    )
  }
}

/** Gives the directory and all in it to a user, without following links; does nothing if they have it already. */
export async function giveTo(path: string, owner: { uid: number; gid: number }): Promise<void> {
  const cluster = await lstat(join(path, 'cluster')).catch(() => undefined)
  if ((await lstat(path)).uid === owner.uid && (cluster === undefined || cluster.uid === owner.uid)) return
  await refusingIn(path, async () => {
    for (const entry of await readdir(path, { recursive: true, withFileTypes: true })) {
      await lchown(join(entry.parentPath, entry.name), owner.uid, owner.gid)
    }
    await lchown(path, owner.uid, owner.gid)
  })
}
