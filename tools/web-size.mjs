/** Measures the script that the browser must load before the first page stands, gzipped, and fails above the budget. Run after `vite build`. */
import { readFileSync } from 'node:fs'
import { gzipSync } from 'node:zlib'

const BUDGET_KB = 180
const dist = new URL('../dist/web/', import.meta.url)
const manifest = JSON.parse(readFileSync(new URL('.vite/manifest.json', dist), 'utf8'))

/** What each first page needs beside the entry. */
const FIRST_PAGES = {
  'new chat': ['index.html'],
  'open chat': ['index.html', 'ui/markdown/rendered.tsx'],
  'sign in': ['index.html', 'features/sign-in/sign-in-page.tsx'],
  'set up': ['index.html', 'features/setup/setup-page.tsx'],
}

let failed = false
for (const [page, roots] of Object.entries(FIRST_PAGES)) {
  const bytes = [...closure(roots)].reduce((sum, file) => sum + gzipSync(readFileSync(new URL(file, dist)), { level: 9 }).length, 0)
  const kb = bytes / 1000
  failed ||= kb > BUDGET_KB
  console.log(`${page.padEnd(10)} ${kb.toFixed(1).padStart(6)} KB gzipped of ${BUDGET_KB}${kb > BUDGET_KB ? '  TOO LARGE' : ''}`)
}
process.exitCode = failed ? 1 : 0

/** The files of these chunks and of all they import statically. */
function closure(names, files = new Set(), seen = new Set()) {
  for (const name of names) {
    if (seen.has(name)) continue
    seen.add(name)
    const chunk = manifest[name]
    if (!chunk) throw new Error(`${name} is not in the manifest: has it been renamed?`)
    files.add(chunk.file)
    closure(chunk.imports ?? [], files, seen)
  }
  return files
}
