/** What a request costs above its bare parts: the login above a plain reply, and a list over HTTP above its SQL. */
import { execFile } from 'node:child_process'
import { mkdtemp, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import type { Statement } from '#server/isolation/flight.ts'
import { loadMs, type Target } from '../load.ts'
import { compare, type Row, type Stage, summary, takeTurns } from '../measure.ts'
import { addChats, settle } from '../seed.ts'
import type { ServedBy } from '../server.ts'
import { bareList } from '../statements.ts'

const LANES = 8

const authenticated: Row = {
  name: 'authenticated request against hello',
  unit: '×',
  goal: { atMost: 1.3 },
  how: 'Processor time of the server process per request, 8 at a time: a route bound like every endpoint (token verified, session from the cache, request and reply parsed) that says hello, against a bare Fastify route that says the same.',
  control: 'The same route with the login confirmed by the database each time.',
  finding:
    'A signature was checked each time with key bytes that Node looks at anew (10 µs; 3 with a ready key; now remembered), an abort signal was made for every request (now for those that ask), and a schema, too. What is left is the cached session, read and parsed each time, and the parsing of request and reply by the contract. Since the keys that sign are a set that may change, and requests are counted, a request waits in a few more places than before (1.7 then).',
  async measure(stage) {
    const world = await stage.world()
    const { token } = await world.signIn('alice')
    const server = await world.serve()
    const requests = stage.quick ? 300 : 2_000
    const turn = (target: Target) => () => cpuMsOf(server, { requests, ...target })
    return compare(stage.rounds, {
      base: turn({ path: '/hello' }),
      subject: turn({ path: '/api/bench/hello', token }),
      control: turn({ path: '/api/bench/hello-confirmed', token }),
    })
  },
}

async function cpuMsOf(server: ServedBy, of: Target & { requests: number }): Promise<number> {
  const beforeMs = await server.cpuMs()
  await loadMs({ port: server.port, lanes: LANES, ...of })
  return ((await server.cpuMs()) - beforeMs) / of.requests
}

const listOverHttp: Row = {
  name: 'chat list over HTTP against pgbench',
  unit: '×',
  goal: { atLeast: 0.35 },
  how: 'Throughput of `GET /api/chats?limit=51` (51 chats, read and opened each time) on 8 connections, as a part of what pgbench reaches with the same SQL, prepared, as the superuser on 8 connections.',
  control: 'Every title opened ten times.',
  finding:
    'Opening a title took 12 µs with key bytes and takes 3 with a ready key. pgbench leaves the rows unread; the server reads them, opens 50 titles, checks the reply by the contract and writes it as JSON, all in one process on one core.',
  async measure(stage) {
    const world = await stage.world()
    const alice = await world.signIn('alice')
    await addChats(world, alice, { count: 1_000 })
    await settle(world)
    const sql = await bareList(world, alice.actor)
    const http = async (openings: number) => {
      const { port } = await world.serve({ openings })
      return () => loadMs({ port, lanes: LANES, requests: stage.quick ? 200 : 500, path: '/api/chats?limit=51', token: alice.token })
    }
    const { base, subject, control } = await takeTurns(stage.rounds, {
      base: await pgbench(stage, { url: world.url, sql }),
      subject: await http(1),
      control: await http(10),
    })
    return summary(stage.rounds, { values: base.map((cost, i) => cost / subject[i]!), controls: base.map((cost, i) => cost / control[i]!) })
  },
}

/** A turn of pgbench, in milliseconds per transaction. */
async function pgbench(stage: Stage, { url, sql }: { url: string; sql: Statement }): Promise<() => Promise<number>> {
  const script = join(await mkdtemp(join(stage.scratch, 'pgbench-')), 'list.sql')
  await writeFile(script, `${withLiterals(sql)};\n`)
  const { username, password, searchParams, port, pathname } = new URL(url)
  const place = ['-h', searchParams.get('host') ?? '127.0.0.1', '-p', port || '5432', '-U', username]
  const load = ['-n', '-M', 'prepared', '-c', String(LANES), '-t', String(stage.quick ? 100 : 500), '-f', script]
  return async () => {
    const { stdout } = await promisify(execFile)('pgbench', [...place, ...load, pathname.slice(1)], {
      env: { ...process.env, PGPASSWORD: password },
    }).catch((error: NodeJS.ErrnoException) => {
      throw error.code === 'ENOENT' ? new Error('pgbench is not installed (Debian: apt-get install postgresql).') : error
    })
    return 1_000 / Number(/^tps = ([\d.]+)/m.exec(stdout)?.[1])
  }
}

/** pgbench binds variables of its own only, so ours are written out: ids, numbers and plain words, and lists of them. */
function withLiterals({ text, values }: Statement): string {
  return text.replace(/\$(\d+)/g, (_, place: string) => {
    const value = values[Number(place) - 1]
    if (typeof value === 'number') return String(value)
    const parts = Array.isArray(value) ? value : [value]
    if (!parts.every((part) => /^[\w-]+$/.test(String(part)))) throw new Error(`not a value to write out: ${value}`)
    return Array.isArray(value) ? `'{${parts.join()}}'` : `'${value}'`
  })
}

export const requestRows: readonly Row[] = [authenticated, listOverHttp]
