/** The last steps of .ci/run: the checks, the tests, and one line that counts them honestly. */
import { spawnSync } from 'node:child_process'
import { readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { type Report, tally } from './ci-tally.ts'

const ROOT = join(import.meta.dirname, '..')
const REPORT = join(ROOT, '.cache/test-report.json')

function launch(...args: string[]): boolean {
  return spawnSync(process.execPath, [join(ROOT, 'bin/sardonyx.cjs'), '--tool', ...args], { cwd: ROOT, stdio: 'inherit' }).status === 0
}

await rm(REPORT, { force: true })
const checked = launch('check')
const tested = launch('vitest', 'run', '--reporter=default', '--reporter=json', `--outputFile.json=${REPORT}`)
const report = await readFile(REPORT, 'utf8').then(
  (text): Report => JSON.parse(text),
  () => undefined,
)
const { passed, failed } = tally({ report, checked, tested })
console.log(`${passed} passed, ${failed} failed`)
process.exitCode = failed === 0 ? 0 : 1
