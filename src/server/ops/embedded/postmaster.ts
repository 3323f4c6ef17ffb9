/**
 * One PostgreSQL at a time, kept running: started until it answers, started again when it dies, stopped in good order,
 * and not left behind when this process is killed.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { setTimeout as pause } from 'node:timers/promises'
import type { Log } from '../../kernel/log.ts'
import { EmbeddedRefusal } from './refusal.ts'

const POLL_MS = 10
const STOP_TIMEOUT_MS = 30_000
const DRAIN_TIMEOUT_MS = 500
/** Backends of a killed postmaster take a moment to notice; until then a new one finds their shared memory in use. */
const LINGERING = /pre-existing shared memory block/
const LINGERING_RETRIES = 50
const LINGERING_PAUSE_MS = 100
/** A database that dies three times running, each time within ten seconds, would go on dying. */
const SETTLED_AFTER_MS = 10_000
const QUICK_DEATHS = 3

export interface Ending {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
}

export interface Run {
  readonly child: ChildProcess
  readonly ending: Promise<Ending>
  /** Its last lines. */
  readonly said: readonly string[]
}

export interface Kept {
  /** Ends it in good order and settles when it has ended; it is not started again. */
  stop(): Promise<void>
  /** Settles when it has ended for good. */
  readonly exited: Promise<Ending>
}

interface Life {
  run: Run
  stopping: boolean
}

interface Keeping {
  readonly pgdata: string
  readonly log: Log
  readonly start: () => ChildProcess
}

/** Watches a process: how it ends, and its last lines on standard error, each of which is handed to `heard`. */
export function watch(child: ChildProcess, heard: (line: string) => void = () => undefined): Run {
  const said: string[] = []
  if (child.stderr !== null) {
    createInterface({ input: child.stderr }).on('line', (line) => {
      said.push(line)
      if (said.length > 20) said.shift()
      heard(line)
    })
  }
  const closed = once(child, 'close')
  const ending = once(child, 'exit').then(async ([code, signal]): Promise<Ending> => {
    // Its last words may still be on their way; a child of its own that lives on would hold the pipe open.
    await Promise.race([closed, pause(DRAIN_TIMEOUT_MS)])
    return { code, signal }
  })
  return { child, ending, said }
}

/** What its last lines say about why it ended. */
export function reasonOf({ said }: Pick<Run, 'said'>): string {
  if (said.some((line) => line.includes('No space left on device')))
    return 'the disk is full. Make room, then start again; nothing is lost.'
  const telling = said.findLast((line) => /(FATAL|PANIC|error): /.test(line)) ?? said.at(-1) ?? 'it gave no reason'
  return telling.replace(/^.*?(FATAL|PANIC|error):\s*/, '')
}

/** Starts PostgreSQL and keeps it running until stopped; settles once it answers, and refuses if it ends before. */
export async function keepRunning(keeping: Keeping): Promise<Kept> {
  const life: Life = { run: await launch(keeping), stopping: false }
  const exited = live(keeping, life)
  const stop = async () => {
    life.stopping = true
    life.run.child.kill('SIGINT')
    const impatience = setTimeout(() => life.run.child.kill('SIGQUIT'), STOP_TIMEOUT_MS)
    await exited
    clearTimeout(impatience)
  }
  return { stop, exited }
}

async function live(keeping: Keeping, life: Life): Promise<Ending> {
  let quickDeaths = 0
  for (;;) {
    const settled = AbortSignal.timeout(SETTLED_AFTER_MS)
    const ending = await life.run.ending
    if (life.stopping) return ending
    quickDeaths = settled.aborted ? 0 : quickDeaths + 1
    keeping.log.error(ending, 'PostgreSQL ended unexpectedly. Starting it again.')
    try {
      life.run = await launchAgain(keeping, quickDeaths)
    } catch (error) {
      if (!(error instanceof EmbeddedRefusal)) throw error
      keeping.log.error({ reason: error.message }, 'PostgreSQL could not be started again.')
      return ending
    }
    if (life.stopping) life.run.child.kill('SIGINT')
  }
}

async function launchAgain(keeping: Keeping, quickDeaths: number): Promise<Run> {
  if (quickDeaths >= QUICK_DEATHS) throw new EmbeddedRefusal('It keeps ending soon after its start.')
  return launch(keeping)
}

async function launch({ start, pgdata, log }: Keeping): Promise<Run> {
  for (let retries = LINGERING_RETRIES; ; retries--) {
    const run = watch(start(), (line) => log.info({ line }, 'PostgreSQL says'))
    leash(run, log)
    if (await answers(run, pgdata)) return run
    if (retries === 0 || !run.said.some((line) => LINGERING.test(line)))
      throw new EmbeddedRefusal(`PostgreSQL did not start: ${reasonOf(run)}`)
    await pause(LINGERING_PAUSE_MS)
  }
}

/** Ends it in good order when this process dies, however it dies: the pipe to a waiting shell then closes, and the shell goes on. */
function leash({ child, ending }: Run, log: Log): void {
  const shell = spawn('/bin/sh', ['-c', 'read -r _; kill -INT "$1"', 'sh', String(child.pid)], {
    env: {},
    cwd: '/',
    detached: true,
    stdio: ['pipe', 'ignore', 'ignore'],
  })
  shell.once('error', ({ message }) => log.warn({ message }, 'If this server is killed, its PostgreSQL will run on until the next start.'))
  void ending.then(() => shell.kill('SIGKILL'))
}

/** However long that takes: after a power cut it replays its log first, and ending it then would only start that over. */
async function answers(run: Run, pgdata: string): Promise<boolean> {
  let over = false
  const end = run.ending.then(() => {
    over = true
  })
  while (!over) {
    const lines = (await readFile(join(pgdata, 'postmaster.pid'), 'utf8').catch(() => '')).split('\n')
    if (lines[0] === String(run.child.pid) && lines[7]?.trim() === 'ready') return true
    await Promise.race([end, pause(POLL_MS)])
  }
  return false
}
