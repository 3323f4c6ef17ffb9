/** Everything that is broken under people's hands, how it is mended, and what they may notice meanwhile. */
import { setTimeout as pause } from 'node:timers/promises'
import { MISSING as NO_REDIS } from '#tests/support/redis.ts'
import { NO_DISK } from './disk.ts'
import type { Fault } from './round.ts'
import { freeze, type Stage } from './stage.ts'

const FROZEN_MS = 1_500
const AWAY_MS = 500
const CUT_EVERY_MS = 20

const kill = (pid: number) => void process.kill(pid, 'SIGKILL')

async function freezeFor(pid: number): Promise<void> {
  const thaw = freeze(pid)
  await pause(FROZEN_MS)
  thaw()
}

async function fillDisk(stage: Stage, felt: (times: number) => Promise<unknown>): Promise<void> {
  await stage.disk.fill()
  await felt(1).finally(stage.disk.makeRoom)
  await pause(AWAY_MS)
  if (!stage.isServerUp()) await stage.startServer()
}

/** What an answer may be that was asked for, or not ended, while its server or the database was away. */
const PERHAPS_CUT_SHORT = ['complete', 'interrupted'] as const

export const FAULTS: readonly Fault[] = [
  {
    name: 'the server is killed',
    troubles: ['connection'],
    endings: PERHAPS_CUT_SHORT,
    endsServer: true,
    async strike(stage) {
      await stage.server.end('SIGKILL')
      await stage.startServer()
    },
  },
  {
    name: 'PostgreSQL is killed',
    troubles: ['unavailable'],
    endings: PERHAPS_CUT_SHORT,
    async strike(stage, felt) {
      kill(await stage.postmaster())
      await felt(1)
    },
  },
  {
    name: 'Redis is killed',
    troubles: [],
    endings: ['complete'],
    missing: NO_REDIS,
    async strike({ redis }) {
      await redis?.kill()
      await pause(AWAY_MS)
      await redis?.start()
    },
  },
  {
    name: 'the model server is killed',
    troubles: [],
    endings: ['complete', 'failed'],
    async strike({ provider }) {
      await provider.kill()
      await pause(AWAY_MS)
      await provider.start()
    },
  },
  {
    name: 'PostgreSQL is frozen',
    troubles: ['unavailable'],
    endings: PERHAPS_CUT_SHORT,
    strike: async (stage) => freezeFor(await stage.postmaster()),
  },
  {
    name: 'Redis is frozen',
    troubles: [],
    endings: ['complete'],
    missing: NO_REDIS,
    async strike({ redis }) {
      redis?.freeze()
      await pause(FROZEN_MS)
      redis?.thaw()
    },
  },
  {
    name: 'the model server is frozen',
    troubles: [],
    endings: ['complete'],
    strike: ({ provider }) => freezeFor(provider.pid),
  },
  {
    name: 'the disk is full',
    troubles: ['unavailable', 'connection'],
    endings: PERHAPS_CUT_SHORT,
    missing: NO_DISK,
    strike: fillDisk,
  },
  {
    name: 'connections of people are cut',
    troubles: ['connection'],
    endings: ['complete'],
    async strike({ ways }, felt) {
      const cutting = setInterval(() => ways.people.cut(), CUT_EVERY_MS)
      await felt(20).finally(() => clearInterval(cutting))
    },
  },
  {
    name: 'connections to the model server are cut',
    troubles: [],
    endings: ['complete', 'failed'],
    async strike({ ways }) {
      for (let times = 0; times < 5; times++) {
        ways.models.cut()
        await pause(AWAY_MS / 5)
      }
    },
  },
]
