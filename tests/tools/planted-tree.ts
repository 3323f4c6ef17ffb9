/** Small trees under the real configuration and packages, for tests of the rules themselves. The real tree is never touched. */
import { spawnSync } from 'node:child_process'
import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { onTestFinished } from 'vitest'

const ROOT = join(import.meta.dirname, '../..')
const CONFIGURATION = [
  ...[
    '.dependency-cruiser.cjs',
    '.gitignore',
    'biome.json',
    'knip.json',
    'package.json',
    'tsconfig.base.json',
    'tsconfig.json',
    'tools/rules',
  ],
  ...['src/contract', 'src/server', 'src/web', 'src/cli', 'tests', 'tools'].map((project) => `${project}/tsconfig.json`),
]

export type Files = Readonly<Record<string, string>>

/** Makes a tree of these files that lives as long as the test. */
export function plant(files: Files): string {
  const tree = mkdtempSync(join(tmpdir(), 'planted-'))
  onTestFinished(() => rmSync(tree, { recursive: true }))
  for (const file of CONFIGURATION) cpSync(join(ROOT, file), join(tree, file), { recursive: true })
  symlinkSync(join(ROOT, 'node_modules'), join(tree, 'node_modules'))
  for (const [file, content] of Object.entries(files)) {
    mkdirSync(dirname(join(tree, file)), { recursive: true })
    writeFileSync(join(tree, file), content)
  }
  return tree
}

/** Runs an installed program in a tree and returns what it printed on standard output. */
export function runIn(tree: string, program: string, ...args: string[]): string {
  const file = join(ROOT, 'node_modules/.bin', program)
  const { stdout, error } = spawnSync(process.execPath, [file, ...args], { cwd: tree, encoding: 'utf8', maxBuffer: 64 * 2 ** 20 })
  if (error) throw error
  return stdout
}

/** The text of a module that imports these and is used by nobody; `type ` before a specifier imports its types only. */
export function importing(...specifiers: string[]): string {
  const imports = specifiers.map((specifier, index) =>
    specifier.startsWith('type ') ? `import type * as m${index} from '${specifier.slice(5)}'` : `import * as m${index} from '${specifier}'`,
  )
  const uses = specifiers.map((specifier, index) => (specifier.startsWith('type ') ? `{} as typeof m${index}` : `m${index}`))
  return `${imports.join('\n')}\nexport const used = [${uses.join(', ')}]\n`
}
