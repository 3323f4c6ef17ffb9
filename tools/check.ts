/**
 * `npm run check`: every static check, the quickest first, all of them even when one fails. Prints what failed and nothing
 * else; exits 0 only if all passed.
 */
import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { join } from 'node:path'

const ROOT = join(import.meta.dirname, '..')

const SOURCES = ['src', 'tests', 'tools', 'bin', 'bench'].filter((folder) => existsSync(join(ROOT, folder)))

/** Each is a program of an installed package, or a file of this folder, with its arguments. */
const CHECKS: readonly (readonly [name: string, program: string, ...args: string[]])[] = [
  ['style and lint', 'biome', 'check', '--error-on-warnings', '--max-diagnostics=100'],
  ['types', 'tsc', '-b'],
  ['layers', 'depcruise', '--no-progress', ...SOURCES],
  ['unused', 'knip', '--no-progress'],
  ['size of the first page', 'web-size.mjs'],
]

const failed = CHECKS.filter(([name, program, ...args]) => {
  const startedMs = performance.now()
  const local = join(ROOT, 'tools', program)
  const file = existsSync(local) ? local : join(ROOT, 'node_modules/.bin', program)
  const { status, stdout, stderr, error } = spawnSync(process.execPath, [file, ...args], {
    cwd: ROOT,
    encoding: 'utf8',
    maxBuffer: 64 * 2 ** 20,
  })
  const tookS = ((performance.now() - startedMs) / 1000).toFixed(1)
  console.log(`${status === 0 ? 'passed' : 'FAILED'}  ${name} (${tookS} s)`)
  if (status !== 0) console.log(`\n${[stdout, stderr, error?.message].filter(Boolean).join('\n').trimEnd()}\n`)
  return status !== 0
})

console.log(
  failed.length === 0
    ? `All ${CHECKS.length} checks passed.`
    : `${failed.length} of ${CHECKS.length} checks failed: ${failed.map(([name]) => name).join(', ')}.`,
)
process.exitCode = failed.length === 0 ? 0 : 1
