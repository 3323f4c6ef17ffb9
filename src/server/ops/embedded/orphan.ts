/**
 * A PostgreSQL that still runs on the data directory although its server is gone. It is ended, not adopted: only a process of
 * our own can be watched, carries this version's binaries and settings, and reports to this log.
 *
 * Call while holding the directory (`data-directory.ts`): then whatever runs on it has lost its server.
 */
import { execFile } from 'node:child_process'
import { readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { promisify } from 'node:util'
import type { Log } from '../../kernel/log.ts'
import { EmbeddedRefusal } from './refusal.ts'

/** PostgreSQL's signals for a fast shutdown and for one at once, and how long each may take. */
const PATIENCE_MS = { SIGINT: 30_000, SIGQUIT: 10_000 }
const POLL_MS = 25

/** Ends a PostgreSQL that was left running on `pgdata`, and removes a `postmaster.pid` that names some other program by now. */
export async function endOrphan(pgdata: string, log: Log): Promise<void> {
  const pid = await namedPostmaster(pgdata)
  if (pid === undefined || !isAlive(pid)) return
  const command = await commandOf(pid)
  if (!/^\S*postgres /.test(command)) {
    // PostgreSQL would take the stranger for its own and refuse to start.
    await rm(join(pgdata, 'postmaster.pid'), { force: true })
    return
  }
  // One with another directory on its command line is not ours to end: PostgreSQL itself decides whether it is in the way.
  if (!command.includes(` -D ${pgdata} `)) return
  log.warn({ pid }, 'A PostgreSQL was left running by a server that died. Ending it.')
  if ((await ended(pid, pgdata, 'SIGINT')) || (await ended(pid, pgdata, 'SIGQUIT'))) return
  throw new EmbeddedRefusal(
    `A PostgreSQL (process ${pid}) left by a server that died still runs on ${pgdata} and does not end. End it, then start again.`,
  )
}

/** The process that `postmaster.pid` names, running or not. */
async function namedPostmaster(pgdata: string): Promise<number | undefined> {
  const lines = await readFile(join(pgdata, 'postmaster.pid'), 'utf8').catch(() => '')
  const pid = Number(lines.split('\n', 1)[0])
  return Number.isSafeInteger(pid) && pid > 0 ? pid : undefined
}

async function ended(pid: number, pgdata: string, signal: keyof typeof PATIENCE_MS): Promise<boolean> {
  try {
    process.kill(pid, signal)
  } catch (cause) {
    if (isAlive(pid)) {
      throw new EmbeddedRefusal(`A PostgreSQL (process ${pid}) of another user still runs on ${pgdata}. Stop it, then start again.`, {
        cause,
      })
    }
  }
  for (let waitedMs = 0; waitedMs < PATIENCE_MS[signal]; waitedMs += POLL_MS) {
    // The file goes too: where nobody buries the dead (a container without an init), the process would seem to live on.
    if (!isAlive(pid) || (await namedPostmaster(pgdata)) !== pid) return true
    await pause(POLL_MS)
  }
  return false
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}

/** Empty if the process is gone or a zombie. */
async function commandOf(pid: number): Promise<string> {
  if (process.platform === 'linux') {
    return (await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '')).replaceAll('\0', ' ')
  }
  return promisify(execFile)('ps', ['-ww', '-o', 'command=', '-p', String(pid)]).then(
    ({ stdout }) => stdout,
    () => '',
  )
}
