/** Every dependency has its reason, its exact version, and its native parts for every machine that we support. */
import { readFile } from 'node:fs/promises'
import { expect, test } from 'vitest'

interface Package {
  readonly version?: string
  readonly resolved?: string
  readonly integrity?: string
  readonly inBundle?: boolean
  readonly optionalDependencies?: Readonly<Record<string, string>>
}

const read = (path: string) => readFile(new URL(`../../${path}`, import.meta.url), 'utf8')
const { dependencies, devDependencies, optionalDependencies } = JSON.parse(await read('package.json'))
const declared: Readonly<Record<string, string>> = { ...dependencies, ...devDependencies, ...optionalDependencies }
const lock: Readonly<Record<string, Package>> = JSON.parse(await read('package-lock.json')).packages

test('every dependency has a line that says why, and every line a dependency', async () => {
  const lines = (await read('docs/topics/dependencies.md')).split('\n').filter((line) => line.startsWith('- '))
  const explained = lines.flatMap((line) => [...(line.split(': ')[0] ?? '').matchAll(/`([^`]+)`/g)].map(([, name]) => name))
  expect(explained.sort()).toEqual(Object.keys(declared).sort())
  for (const line of lines) expect(line).toMatch(/^- `.+`: \S.{10,}\.$/)
})

test('versions are exact', () => {
  for (const [name, version] of Object.entries(declared)) expect(version, name).toMatch(/^\d+\.\d+\.\d+(-[\w.]+)?$/)
})

test('the lock file pins content, not places', () => {
  const packages = Object.entries(lock).filter(([path]) => path !== '')
  expect(packages.filter(([, { resolved }]) => resolved !== undefined)).toEqual([])
  expect(packages.filter(([, { integrity, inBundle }]) => integrity === undefined && !inBundle)).toEqual([])
})

test('the lock file has the native parts of every machine that we support', () => {
  const supported = /(linux|darwin)-(x64|arm64)(-gnu)?$/
  const missing = Object.entries(lock).flatMap(([path, { optionalDependencies: parts = {} }]) =>
    Object.keys(parts).filter(
      (part) => supported.test(part) && !(`node_modules/${part}` in lock) && !(`${path}/node_modules/${part}` in lock),
    ),
  )
  expect(missing).toEqual([])
})

test('the launcher brings the Nodes that package.json names', async () => {
  const named = Object.keys(optionalDependencies).filter((name) => name.startsWith('node-'))
  const launched = [...(await read('bin/sardonyx.cjs')).matchAll(/^ {2}'\w+-\w+': '(node-[\w-]+)',$/gm)].map(([, name]) => name)
  expect(launched.sort()).toEqual(named.sort())
})
