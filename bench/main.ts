/**
 * `npm run bench`: measures every row against its goal, on this machine, and keeps the results. `--only name` measures the rows whose
 * name holds it, and may be said several times; `--quick` measures little and keeps nothing. Exits 1 when a row could not be measured or its control met the goal;
 * a goal that is missed is a finding, printed and kept.
 */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import type { Row, Stage } from './measure.ts'
import { keep, lineOf, type Result, resultOf } from './report.ts'
import { amountRows } from './rows/amounts.ts'
import { databaseRows } from './rows/database.ts'
import { inStepRows } from './rows/in-step.ts'
import { loginRows } from './rows/logins.ts'
import { requestRows } from './rows/requests.ts'
import { startRows } from './rows/start.ts'
import { streamRows } from './rows/streams.ts'
import { createWorld, startCluster, type World } from './world.ts'

const ROWS: readonly Row[] = [...databaseRows, ...requestRows, ...amountRows, ...loginRows, ...streamRows, ...inStepRows, ...startRows]

const { values } = parseArgs({
  options: { only: { type: 'string', multiple: true, default: [''] }, quick: { type: 'boolean', default: false } },
})
const chosen = ROWS.filter(({ name }) => values.only.some((words) => name.includes(words)))
if (chosen.length === 0) {
  console.error(`No row is called “${values.only.join('” or “')}”. There are:\n${ROWS.map(({ name }) => `  ${name}`).join('\n')}`)
  process.exit(1)
}

const scratch = await mkdtemp(join(tmpdir(), 'sardonyx-bench-'))
const cluster = await startCluster(scratch)
const results: Result[] = []
try {
  for (const row of chosen) await measure(row)
} finally {
  await cluster.stop()
  await rm(scratch, { recursive: true, force: true })
}

async function measure(row: Row): Promise<void> {
  const worlds: World[] = []
  const stage: Stage = {
    quick: values.quick,
    rounds: values.quick ? 5 : 15,
    scratch,
    say: (line) => console.log(`        ${row.name}: ${line}`),
    async world() {
      const world = await createWorld(cluster)
      worlds.push(world)
      return world
    },
  }
  try {
    const result = resultOf(row, await row.measure(stage))
    console.log(lineOf(result))
    results.push(result)
    if (!values.quick) await keep(ROWS, results)
  } catch (error) {
    console.error(`FAILED  ${row.name}: ${error instanceof Error ? (error.stack ?? error.message) : error}`)
    process.exitCode = 1
  } finally {
    for (const world of worlds) await world.close()
  }
}
