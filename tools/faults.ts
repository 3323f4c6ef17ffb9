/**
 * `npm run faults -- --rounds 50`: kills, freezes, fills and cuts every part of a running installation, over and over, and counts from
 * outside what was lost. The rounds are those of tests/faults.
 */
import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { parseArgs } from 'node:util'

const ROOT = join(import.meta.dirname, '..')

const { values } = parseArgs({ options: { rounds: { type: 'string', default: '50' } } })
if (/^[1-9]\d{0,5}$/.test(values.rounds)) {
  const vitest = [join(ROOT, 'bin/sardonyx.cjs'), '--tool', 'vitest', 'run', '--reporter=verbose', 'tests/faults']
  const env = { ...process.env, SARDONYX_FAULT_ROUNDS: values.rounds }
  process.exitCode = spawnSync(process.execPath, vitest, { cwd: ROOT, env, stdio: 'inherit' }).status ?? 1
} else {
  console.error(`--rounds must be a number of rounds, such as 50, not “${values.rounds}”.`)
  process.exitCode = 1
}
