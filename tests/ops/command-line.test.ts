/** The command line: what is meant is understood wherever it stands, what makes no sense is a sentence, and help comes from the same table. */
import { execFile } from 'node:child_process'
import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { helpAbout, overview, type Table, understand } from '#server/command-line.ts'

const nothing = async () => ({ value: null, text: '' })
const TABLE: Table = {
  commands: [
    { name: 'serve', summary: 'run', stay: async () => 0 },
    { name: 'show', summary: 'show', settings: { 'data-dir': './shown', port: '1' }, stay: async () => 0 },
    { name: 'book add', summary: 'add a book', options: { title: { placeholder: 'T', help: 'its title' } }, answer: nothing },
    {
      name: 'book lend',
      summary: 'lend it',
      operands: ['<book>', '<to>'],
      options: { forever: { help: 'and never ask back' } },
      answer: nothing,
    },
  ],
  usual: 'serve',
  settings: ['port', 'data-dir'],
}
const meant = (line: string) => {
  const understood = understand(line === '' ? [] : line.split(' '), TABLE)
  return understood.kind === 'help' ? understood : { ...understood, command: understood.command.name }
}

describe('is understood', () => {
  test.each<[string, object]>([
    ['', { command: 'serve' }],
    ['--port 5', { command: 'serve', settings: { port: '5' } }],
    ['--port 5 book add', { command: 'book add', settings: { port: '5' } }],
    ['book --port=5 add --title x', { command: 'book add', settings: { port: '5' }, given: { options: { title: 'x' }, operands: [] } }],
    ['book lend it bob', { command: 'book lend', given: { options: {}, operands: ['it', 'bob'] }, asJson: false }],
    ['book lend --forever it --json bob', { given: { options: { forever: true }, operands: ['it', 'bob'] }, asJson: true }],
    ['show --port 2', { settings: { 'data-dir': './shown', port: '2' } }],
    ['help', { kind: 'help', about: '' }],
    ['--help', { kind: 'help', about: '' }],
    ['help book lend', { kind: 'help', about: 'book lend' }],
    ['book -h', { kind: 'help', about: 'book' }],
  ])('“%s”', (line, expected) => {
    expect(meant(line)).toMatchObject(expected)
  })
})

describe('is answered with a sentence', () => {
  test.each([
    ['books', 'There is no command “books”. “sardonyx help” lists them.'],
    ['book', '“sardonyx book” goes on with add or lend. “sardonyx help book” says more.'],
    ['book burn', 'There is no command “book burn”. “sardonyx help book” lists those that begin so.'],
    ['bookadd', 'There is no command “bookadd”. “sardonyx help” lists them.'],
    ['book lend it', '“sardonyx book lend” needs <to> behind it. “sardonyx help book lend” says more.'],
    ['book add it', '“sardonyx book add” does not know what to do with “it”. “sardonyx help book add” says more.'],
    ['book lend it bob --title x', '“sardonyx book lend” has no option --title. “sardonyx help book lend” lists those it has.'],
    ['--colour red', "Unknown option '--colour'. “sardonyx help” lists them."],
    ['serve --json', '“sardonyx serve” runs until it is stopped, and has no result for --json.'],
  ])('“%s”', (line, sentence) => {
    expect(() => meant(line)).toThrow(new Error(sentence))
  })
})

test('help has a line for each command, and more for those that are asked for', () => {
  expect(overview(TABLE.commands).split('\n')).toHaveLength(4)
  expect(helpAbout('book lend', TABLE.commands)).toBe(
    'sardonyx book lend <book> <to>\n  lend it\n  --forever            and never ask back',
  )
  expect(helpAbout('book', TABLE.commands).match(/^sardonyx/gm)).toHaveLength(2)
  expect(() => helpAbout('boo', TABLE.commands)).toThrow('There is no command “boo”.')
})

/** Each starts a process or two, which takes seconds on a busy machine. */
const UNHURRIED_MS = 90_000

describe('of the product', { timeout: UNHURRIED_MS }, () => {
  const LAUNCHER = new URL('../../bin/sardonyx.cjs', import.meta.url).pathname
  let directory: string
  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), 'sardonyx-line-'))
  })
  afterAll(() => rm(directory, { recursive: true }))

  async function sardonyx(...args: string[]): Promise<{ code: number; out: string; err: string }> {
    const run = promisify(execFile)(process.execPath, [LAUNCHER, ...args], { env: { PATH: process.env.PATH }, cwd: directory })
    return run.then(
      ({ stdout, stderr }) => ({ code: 0, out: stdout, err: stderr }),
      (error: { code: number; stdout: string; stderr: string }) => ({ code: error.code, out: error.stdout, err: error.stderr }),
    )
  }

  test('the launcher leads to help and to sentences, which touch nothing', async () => {
    const help = await sardonyx('help')
    expect(help).toMatchObject({ code: 0, err: '', out: expect.stringMatching(/^sardonyx serve +run the server/) })
    for (const name of ['tenant create', 'key rotate', 'key retire <id>', 'ask']) expect(help.out).toContain(`\nsardonyx ${name} `)
    expect(await sardonyx('key', '--help')).toEqual(await sardonyx('help', 'key'))
    expect(await sardonyx('key')).toEqual({
      code: 1,
      out: '',
      err: '“sardonyx key” goes on with list, rotate or retire. “sardonyx help key” says more.\n',
    })
    expect(await sardonyx('tenant', 'create', '--slug', 'x')).toMatchObject({
      code: 1,
      err: expect.stringMatching(/^--name: .+\n--admin-name: /),
    })
    expect(await readdir(directory)).toEqual([])
  })
})
