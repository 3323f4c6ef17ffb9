/** How long until one can begin: from the command to the printed address, signing in, and the script of the first page. */
import { readFileSync } from 'node:fs'
import { mkdtemp } from 'node:fs/promises'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { PASSWORD, PEOPLE } from '#tests/support/cast.ts'
import { type ServerProcess, startProcess } from '#tests/support/process.ts'
import { type Row, type Stage, summary, takeTurns, timeOf } from '../measure.ts'

const DIST = new URL('../../dist/web/', import.meta.url)

const started = async (dataDir: string) => {
  let server: ServerProcess | undefined
  const tookMs = await timeOf(async () => {
    server = await startProcess({ dataDir })
  })
  await server!.end('SIGTERM')
  return tookMs
}

const folder = (stage: Stage) => mkdtemp(join(stage.scratch, 'start-'))

const warmStart: Row = {
  name: 'warm start to ready, embedded',
  unit: 'ms',
  goal: { atMost: 2_000 },
  how: 'From starting the server process on a data directory that is there to the printed address.',
  control: 'Four starts, one after the other.',
  finding: '',
  async measure(stage) {
    const dataDir = await folder(stage)
    await started(dataDir)
    const rounds = stage.quick ? 3 : 9
    const { subject, control } = await takeTurns(rounds, {
      subject: () => started(dataDir),
      control: async () => (await started(dataDir)) + (await started(dataDir)) + (await started(dataDir)) + (await started(dataDir)),
    })
    return summary(rounds, { values: subject, controls: control })
  },
}

const freshStart: Row = {
  name: 'fresh start to ready',
  unit: 'ms',
  goal: { atMost: 10_000 },
  how: 'The same on an empty data directory: keyring and database are made. The packages are installed and the web interface is built; with those, the goal is 90 seconds.',
  control: 'Ten starts, one after the other.',
  finding: '',
  async measure(stage) {
    const rounds = stage.quick ? 1 : 5
    const { subject } = await takeTurns(rounds, { subject: async () => started(await folder(stage)) })
    const all = await takeTurns(10, { start: async () => started(await folder(stage)) })
    return summary(rounds, { values: subject, controls: [all.start.reduce((sum, ms) => sum + ms, 0)] })
  },
}

const signIn: Row = {
  name: 'sign-in without the password hash',
  unit: 'ms',
  goal: { atMost: 5 },
  how: 'One sign-in after the other over HTTP, less what checking the hash takes in the same process, timed in turns.',
  control: 'The same with the hash left in.',
  finding:
    'Two transactions by single trips, one of which has to reach the disk, then the login and the person are read back: about fifteen trips: attempts are counted and given back, the rules are read, what ran out meanwhile is written down. Fewer would do.',
  async measure(stage) {
    const world = await stage.world()
    const server = await world.serve()
    const rounds = stage.quick ? 15 : 150
    const { email, tenant } = PEOPLE.alice
    const body = JSON.stringify({ email, password: PASSWORD, organisation: tenant, deliver: 'token' })
    const { whole, hash } = await takeTurns(rounds, {
      whole: () =>
        timeOf(async () => {
          const reply = await fetch(`http://127.0.0.1:${server.port}/api/auth/sign-in`, {
            method: 'POST',
            headers: { 'content-type': 'application/json' },
            body,
          })
          if (!reply.ok) throw new Error(`sign-in was refused: ${await reply.text()}`)
          await reply.arrayBuffer()
        }),
      hash: () => server.hashMs(),
    })
    return summary(rounds, { values: whole.map((ms, i) => ms - hash[i]!), controls: whole })
  },
}

const initialScript: Row = {
  name: 'initial script, gzipped',
  unit: 'KB',
  goal: { atMost: 180 },
  how: 'The scripts of the built interface that the page for an open chat needs before it stands: the entry, the rendered markdown and all they import statically. Nothing to time.',
  control: 'Every script of the interface.',
  finding: 'What is heavy (code highlighting, dialogs) comes when it is needed.',
  async measure() {
    const manifest = JSON.parse(readFileSync(new URL('.vite/manifest.json', DIST), 'utf8')) as Manifest
    const value = sizeKb(closure(manifest, ['index.html', 'ui/markdown/rendered.tsx']))
    const control = sizeKb(new Set(Object.values(manifest).map(({ file }) => file)))
    return { value, control, rounds: 1, spread: [value, value] }
  },
}

type Manifest = Readonly<Record<string, { readonly file: string; readonly imports?: readonly string[] }>>

function closure(manifest: Manifest, names: readonly string[], files = new Set<string>()): Set<string> {
  for (const name of names) {
    const chunk = manifest[name]
    if (!chunk) throw new Error(`${name} is not in the interface's manifest.`)
    if (files.has(chunk.file)) continue
    files.add(chunk.file)
    closure(manifest, chunk.imports ?? [], files)
  }
  return files
}

function sizeKb(files: ReadonlySet<string>): number {
  const scripts = [...files].filter((file) => file.endsWith('.js'))
  return scripts.reduce((sum, file) => sum + gzipSync(readFileSync(new URL(file, DIST)), { level: 9 }).length, 0) / 1_000
}

export const startRows: readonly Row[] = [warmStart, freshStart, signIn, initialScript]
