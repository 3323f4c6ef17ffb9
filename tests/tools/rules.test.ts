/**
 * Every rule of `npm run check` is seen to fail: violations are planted, and exactly those are reported. What is allowed
 * stands beside them, so a rule that refuses everything fails here too.
 */
import { createRequire } from 'node:module'
import { expect, test } from 'vitest'
import { type Files, importing, plant, runIn } from './planted-tree.ts'

/** One example of each road that is open. */
const OPEN_ROADS: Files = {
  'src/contract/words.ts': importing('zod'),
  'src/server/kernel/clock.ts': importing('#contract/words.ts'),
  'src/server/isolation/database.ts': importing('pg', '../kernel/clock.ts'),
  'src/server/isolation/queue.ts': importing('pg-boss'),
  'src/server/isolation/mint.ts': importing('./database.ts'),
  'src/server/isolation/doors.ts': importing('./database.ts'),
  'src/server/providers/egress.ts': importing('undici', 'node:net', '../kernel/clock.ts'),
  'src/server/providers/vendor.ts': importing('@ai-sdk/openai-compatible', './egress.ts'),
  'src/server/auth/sign-in.ts': importing('../isolation/mint.ts', '../isolation/doors.ts', '../kernel/clock.ts'),
  'src/server/features/notes/index.ts': importing('./store.ts', './policy.ts'),
  'src/server/features/notes/store.ts': importing('../../isolation/database.ts', '../../providers/vendor.ts', '@ai-sdk/provider'),
  'src/server/features/notes/policy.ts': importing('type ./store.ts', '../../kernel/clock.ts', '#contract/words.ts'),
  'src/server/features/books/index.ts': importing('../notes/index.ts'),
  'src/server/http/app.ts': importing(
    'node:http',
    'node:https',
    '../auth/sign-in.ts',
    '../features/books/index.ts',
    '../isolation/database.ts',
  ),
  'src/server/ops/doctor.ts': importing('node:child_process', '../features/notes/index.ts', '../providers/vendor.ts'),
  'src/server/config.ts': importing('./kernel/clock.ts'),
  'src/server/main.ts': importing('./config.ts', './http/app.ts', './ops/doctor.ts', './features/books/index.ts', './auth/sign-in.ts'),
  'src/web/ui/button.ts': importing('react'),
  'src/web/kernel/api.ts': importing('#contract/words.ts'),
  'src/web/features/notes/page.ts': importing('../../kernel/api.ts', '../../ui/button.ts'),
  'src/web/app/main.tsx': importing('../features/notes/page.ts'),
  'src/cli/main.ts': importing('node:readline', '#contract/words.ts'),
  'tests/notes.test.ts': importing('#server/features/notes/store.ts', 'pg', './support/cast.ts'),
  'tests/support/cast.ts': importing('#server/isolation/mint.ts'),
  'src/server/kernel/clock.test.ts': importing('#tests/support/cast.ts'),
}

/** File, what it imports, and the rules it breaks by that. */
const TRESPASSES: readonly (readonly [file: string, imports: string, ...rules: string[]])[] = [
  ['src/contract/reaches-server.ts', '#server/kernel/clock.ts', 'layer-contract'],
  ['src/contract/reaches-package.ts', 'kysely', 'layer-contract'],
  ['src/server/kernel/up.ts', '../isolation/database.ts', 'layer-kernel'],
  ['src/server/isolation/up.ts', '../auth/sign-in.ts', 'layer-isolation'],
  ['src/server/isolation/across.ts', '../providers/vendor.ts', 'layer-isolation'],
  ['src/server/providers/up.ts', '../isolation/database.ts', 'layer-providers'],
  ['src/server/mail/up.ts', '../isolation/database.ts', 'layer-mail'],
  ['src/server/auth/up.ts', '../features/notes/index.ts', 'layer-auth'],
  ['src/server/features/notes/up.ts', '../../http/app.ts', 'layer-features'],
  ['src/server/features/notes/types-up.ts', 'type ../../http/app.ts', 'layer-features'],
  ['src/server/features/notes/across.ts', '../../auth/sign-in.ts', 'layer-features'],
  ['src/server/http/across.ts', '../ops/doctor.ts', 'layer-http'],
  ['src/server/ops/across.ts', '../http/app.ts', 'layer-ops'],
  ['src/server/http/web.ts', '#web/ui/button.ts', 'layer-http'],
  ['src/web/kernel/server.ts', '#server/kernel/clock.ts', 'layer-web-and-cli'],
  ['src/web/kernel/types-of-server.ts', 'type #server/kernel/clock.ts', 'layer-web-and-cli'],
  ['src/cli/server.ts', '#server/isolation/database.ts', 'layer-web-and-cli'],
  ['src/cli/web.ts', '#web/kernel/api.ts', 'layer-web-and-cli'],
  ['src/web/kernel/feature.ts', '../features/notes/page.ts', 'web-layers'],
  ['src/web/ui/feature.ts', '../features/notes/page.ts', 'web-layers'],
  ['src/web/ui/domain.ts', '#contract/words.ts', 'web-ui-knows-no-domain'],
  ['src/web/kernel/node.ts', 'node:fs', 'web-in-the-browser'],
  ['src/server/features/books/inside.ts', '../notes/store.ts', 'feature-by-its-index'],
  ['src/server/http/inside.ts', '../features/notes/store.ts', 'feature-by-its-index'],
  ['src/server/features/books/policy.ts', '../../isolation/database.ts', 'policy-is-pure'],
  ['src/server/features/notes/settings.ts', '../../config.ts', 'composition-root', 'layer-features'],
  ['src/server/kernel/tested.ts', '#tests/support/cast.ts', 'layer-kernel', 'nothing-imports-tests'],
  ['src/server/http/by-test.ts', '../kernel/clock.test.ts', 'nothing-imports-tests'],
  ['src/server/features/notes/driver.ts', 'pg', 'only-isolation-drives'],
  ['src/server/features/notes/driver-types.ts', 'type pg', 'only-isolation-drives'],
  ['src/server/ops/driver.ts', 'pg', 'only-isolation-drives'],
  ['src/server/ops/queueing.ts', 'pg-boss', 'only-isolation-drives', 'only-the-queue-queues'],
  ['src/server/isolation/queueing.ts', 'pg-boss', 'only-the-queue-queues'],
  ['src/server/features/notes/minting.ts', '../../isolation/mint.ts', 'only-auth-and-jobs-mint'],
  ['src/server/features/notes/doors.ts', '../../isolation/doors.ts', 'only-auth-and-ops-open-doors'],
  ['src/server/http/door-types.ts', 'type ../isolation/doors.ts', 'only-auth-and-ops-open-doors'],
  ['src/server/features/notes/calls.ts', 'undici', 'only-egress-connects'],
  ['src/server/http/calls.ts', 'node:http2', 'only-egress-connects'],
  ['src/server/features/notes/secure-requests.ts', 'node:https', 'only-http-serves-http'],
  ['src/server/features/notes/requests.ts', 'node:http', 'only-http-serves-http'],
  ['src/server/features/notes/vendor.ts', '@ai-sdk/openai-compatible', 'only-providers-speak-to-vendors'],
  ['src/server/auth/posts.ts', 'nodemailer', 'only-mail-posts'],
  ['src/server/auth/asks.ts', 'openid-client', 'only-oidc-asks-providers'],
  ['src/server/http/spawns.ts', 'node:child_process', 'only-ops-spawns'],
  ['src/server/http/nowhere.ts', './no-such-file.ts', 'resolvable'],
  ['src/server/http/undeclared.ts', 'avvio', 'declared-packages'],
  ['src/server/http/development.ts', 'react', 'server-runs-on-dependencies'],
]

interface Cruise {
  readonly summary: { readonly violations: readonly { readonly from: string; readonly rule: { readonly name: string } }[] }
}

function cruise(files: Files): string[] {
  const { summary }: Cruise = JSON.parse(runIn(plant(files), 'depcruise', '--output-type', 'json', 'src', 'tests'))
  return [...new Set(summary.violations.map(({ from, rule }) => `${from} ${rule.name}`))].sort()
}

const trespassing = Object.fromEntries(TRESPASSES.map(([file, imports]) => [file, importing(imports)]))

test('the open roads are open, and every trespass across the layers is caught', () => {
  const expected = TRESPASSES.flatMap(([file, , ...rules]) => rules.map((rule) => `${file} ${rule}`))
  expect(cruise({ ...OPEN_ROADS, ...trespassing })).toEqual(expected.sort())
})

test('no rule about imports is without a planted violation', () => {
  const rules: { forbidden: { name: string }[] } = createRequire(import.meta.url)('../../.dependency-cruiser.cjs')
  const planted = new Set([...TRESPASSES.flatMap(([, , ...broken]) => broken), 'no-runtime-cycle', 'no-orphan'])
  expect(rules.forbidden.map(({ name }) => name).filter((name) => !planted.has(name))).toEqual([])
})

test('every way of importing counts', () => {
  const forms = {
    'src/server/http/dynamic.ts': "export const later = () => import('pg')\n",
    'src/server/http/passed-on.ts': "export * from 'pg'\n",
    'src/server/http/effect.ts': "import 'pg'\n",
    'src/server/http/inline-type.ts': "import { type Client } from 'pg'\nexport type Handed = Client\n",
  }
  expect(cruise(forms)).toEqual(
    Object.keys(forms)
      .map((file) => `${file} only-isolation-drives`)
      .sort(),
  )
})

test('a cycle at run time, and a file that nothing needs, are caught; a cycle of types is not', () => {
  const files = {
    'src/server/kernel/left.ts': importing('./right.ts'),
    'src/server/kernel/right.ts': importing('./left.ts'),
    'src/server/kernel/here.ts': importing('type ./there.ts'),
    'src/server/kernel/there.ts': importing('./here.ts'),
    'src/server/kernel/alone.ts': 'export const alone = 1\n',
  }
  expect(cruise(files)).toEqual(['src/server/kernel/alone.ts no-orphan', 'src/server/kernel/left.ts no-runtime-cycle'])
})

/** File, its text, and the lint rules it breaks by that. */
const MANNERS: readonly (readonly [file: string, text: string, ...rules: string[]])[] = [
  ['src/server/kernel/clock.ts', 'export const clock = { now: () => Date.now(), date: () => new Date() }\n'],
  ['src/server/config.ts', 'export const home = process.env.HOME\n'],
  ['src/server/providers/egress.ts', "export const get = () => fetch('http://localhost')\n"],
  ['src/web/kernel/api.ts', "export const get = () => fetch('/api')\n"],
  ['src/server/http/parses.ts', 'export const parse = (atMs: number) => new Date(atMs)\n'],
  ['src/server/http/now.ts', 'export const now = () => Date.now()\n', 'lint/nursery/noJsRestrictedProperties'],
  ['src/server/http/new-date.ts', 'export const now = () => new Date()\n', 'plugin'],
  ['src/server/http/chance.ts', 'export const id = () => Math.random()\n', 'lint/nursery/noJsRestrictedProperties'],
  ['src/server/http/fetches.ts', "export const get = () => fetch('http://localhost')\n", 'lint/style/noRestrictedGlobals'],
  ['src/server/http/sneaks.ts', "export const get = () => globalThis.fetch('http://localhost')\n", 'lint/nursery/noJsRestrictedProperties'],
  ['src/web/features/fetches.ts', "export const get = () => fetch('/api')\n", 'lint/style/noRestrictedGlobals'],
  ['src/server/http/setting.ts', 'export const home = process.env.HOME\n', 'lint/style/noProcessEnv'],
  ['src/server/http/speaks.ts', "console.log('hello')\n", 'lint/suspicious/noConsole'],
  ['src/server/http/default.ts', 'export default 1\n', 'lint/style/noDefaultExport'],
  ['src/server/http/camelCase.ts', 'export const one = 1\n', 'lint/style/useFilenamingConvention'],
  ['src/server/http/barrel.ts', "export { one } from './camelCase.ts'\n", 'lint/performance/noBarrelFile'],
  ['src/server/features/notes/index.ts', "export { one } from '../../http/camelCase.ts'\n"],
  [
    'src/server/http/many.ts',
    'export const sum = (a: number, b: number, c: number, d: number) => a + b + c + d\n',
    'lint/complexity/useMaxParams',
  ],
  [
    'src/server/http/long.ts',
    `export function long(a: number[]) {\n${'  a.push(1)\n'.repeat(51)}}\n`,
    'lint/complexity/noExcessiveLinesPerFunction',
  ],
  [
    'src/server/http/longer.ts',
    Array.from({ length: 301 }, (_, n) => `export const a${n} = ${n}\n`).join(''),
    'lint/style/noExcessiveLinesPerFile',
  ],
  [
    'src/server/http/tangle.ts',
    `export function tangle(n: number) {\n${'  if (n > 1 && n < 3) return 1\n'.repeat(8)}  return 2\n}\n`,
    'lint/complexity/noExcessiveCognitiveComplexity',
  ],
  [
    'src/server/http/floats.ts',
    'async function work() {\n  await Promise.resolve()\n}\nexport function start() {\n  work()\n}\n',
    'lint/nursery/noFloatingPromises',
  ],
  [
    'src/server/http/swallows.ts',
    'export function quiet(work: () => void) {\n  try {\n    work()\n  } catch {}\n}\n',
    'lint/suspicious/noEmptyBlockStatements',
  ],
  ['src/server/http/any.ts', 'export const anything = (value: any) => value\n', 'lint/suspicious/noExplicitAny'],
  ['src/server/http/unused.ts', 'const unused = 1\nexport const one = 1\n', 'lint/correctness/noUnusedVariables'],
  ['src/server/http/untidy.ts', 'export const  untidy = "yes";\n', 'format'],
  [
    'tests/skipped.test.ts',
    "import { test } from 'vitest'\n\ntest.skip('later', () => {\n  console.log(1)\n})\n",
    'lint/suspicious/noSkippedTests',
  ],
  [
    'tests/only.test.ts',
    "import { test } from 'vitest'\n\ntest.only('just this', () => {\n  console.log(1)\n})\n",
    'lint/suspicious/noFocusedTests',
  ],
]

interface Lint {
  readonly diagnostics: readonly {
    readonly category: string
    readonly severity: string
    readonly location: { readonly path: string | { readonly file: string } }
  }[]
}

test('every breach of style and every ambient thing is caught, and what may use it may', () => {
  const tree = plant(Object.fromEntries(MANNERS.map(([file, text]) => [file, text])))
  const { diagnostics }: Lint = JSON.parse(
    runIn(tree, 'biome', 'check', '--error-on-warnings', '--max-diagnostics=none', '--reporter=json', ...MANNERS.map(([file]) => file)),
  )
  const found = diagnostics.map(({ category, location: { path } }) => `${typeof path === 'string' ? path : path.file} ${category}`)
  expect([...new Set(found)].sort()).toEqual(MANNERS.flatMap(([file, , ...rules]) => rules.map((rule) => `${file} ${rule}`)).sort())
})

test('the type checker alone refuses what crosses a project', () => {
  const tree = plant({
    'src/contract/words.ts': 'export const word = 1\n',
    'src/server/main.ts': "import { word } from '#contract/words.ts'\n\nexport const served = word\n",
    'src/web/page.ts': "import { served } from '#server/main.ts'\n\nexport const page = served\n",
    'src/cli/main.ts': "import { page } from '../web/page.ts'\n\nexport const shown = page\n",
    'src/contract/reaches.ts': "import { served } from '../server/main.ts'\n\nexport const reached = served\n",
    'src/server/enum.ts': 'export enum Colour {\n  Red,\n}\n',
    'src/server/fine.ts': 'export const fine = 1\n',
  })
  const refused = runIn(tree, 'tsc', '-b', '--pretty', 'false').matchAll(/^([^(\s]+)\(\d+,\d+\): error/gm)
  expect([...new Set([...refused].map(([, file]) => file))].sort()).toEqual([
    'src/cli/main.ts',
    'src/contract/reaches.ts',
    'src/server/enum.ts',
    'src/web/page.ts',
  ])
})

test('what nobody uses is caught: files, exports, packages', () => {
  const report = runIn(
    plant({
      'src/server/main.ts': "import { used } from './used.ts'\n\nused()\n",
      'src/server/used.ts': 'export const used = () => 1\nexport const unused = 2\n',
      'src/server/file.ts': 'export const nobody = 1\n',
    }),
    'knip',
    '--no-progress',
    '--reporter',
    'json',
  )
  const { issues }: { issues: { file: string; files: object[]; exports: { name: string }[]; dependencies: { name: string }[] }[] } =
    JSON.parse(report)
  const of = (file: string) => issues.find((issue) => issue.file === file)
  expect(of('src/server/used.ts')?.exports.map(({ name }) => name)).toEqual(['unused'])
  expect(of('src/server/file.ts')?.files).toHaveLength(1)
  expect(of('package.json')?.dependencies.map(({ name }) => name)).toContain('pg')
})
