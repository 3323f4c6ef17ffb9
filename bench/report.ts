/** Results as JSON for programs and as a table for people. A row that was not measured this time keeps what was measured before. */
import { readFile, writeFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { type Goal, type Measured, meets, type Row } from './measure.ts'

const RESULTS = fileURLToPath(new URL('results/latest.json', import.meta.url))
const PAGE = fileURLToPath(new URL('../docs/topics/performance.md', import.meta.url))
const BEGIN = '<!-- written by npm run bench -->'
const END = '<!-- end of what npm run bench writes -->'

export interface Result {
  readonly name: string
  readonly value: number
  readonly unit: string
  readonly goal: string
  readonly met: boolean
  /** What the handicapped side gave; were it to meet the goal, the row would prove nothing. */
  readonly control: number
  readonly rounds: number
  readonly spread: readonly [number, number]
}

/** A measurement as it is kept. Throws when the control meets the goal: then the row sees nothing. */
export function resultOf(row: Pick<Row, 'name' | 'unit' | 'goal' | 'control'>, measured: Measured): Result {
  if (meets(measured.control, row.goal))
    throw new Error(
      `“${row.name}” sees nothing: its control (${row.control}) gave ${rounded(measured.control)} and meets the goal ${wordsOf(row.goal)}.`,
    )
  const [low, high] = measured.spread
  return {
    name: row.name,
    value: rounded(measured.value),
    unit: row.unit,
    goal: wordsOf(row.goal),
    met: meets(measured.value, row.goal),
    control: rounded(measured.control),
    rounds: measured.rounds,
    spread: [rounded(low), rounded(high)],
  }
}

/** A result as one line for the terminal. */
export function lineOf({ name, value, unit, goal, met, control, spread }: Result): string {
  return `${met ? 'met   ' : 'MISSED'}  ${name}: ${value} ${unit} (goal ${goal}; quartiles ${spread.join(' to ')}; control ${control})`
}

/** Keeps the results, in the order of the rows, and writes the table. */
export async function keep(rows: readonly Row[], results: readonly Result[]): Promise<void> {
  const before = JSON.parse(await readFile(RESULTS, 'utf8').catch(absent('[]'))) as Result[]
  const all = rows.flatMap(({ name }) => [...results, ...before].find((result) => result.name === name) ?? [])
  await writeFile(RESULTS, `${JSON.stringify(all, null, 2)}\n`)
  const page = await readFile(PAGE, 'utf8')
  const [head, rest] = page.split(BEGIN)
  const tail = rest?.split(END)[1]
  if (tail === undefined) throw new Error(`${PAGE} has lost the marks between which the table goes.`)
  await writeFile(PAGE, `${head}${BEGIN}\n\n${table(rows, all)}\n\n${notes(rows)}\n\n${END}${tail}`)
}

function table(rows: readonly Row[], results: readonly Result[]): string {
  const lines = rows.flatMap(({ name }) => {
    const result = results.find((one) => one.name === name)
    if (!result) return []
    const { value, unit, goal, met, control, spread, rounds } = result
    return `| ${name} | ${value} ${unit} | ${goal} | ${met ? 'yes' : '**no**'} | ${spread.join('–')} | ${control} | ${rounds} |`
  })
  return ['| what | median | goal | met | quartiles | control | rounds |', '| --- | --- | --- | --- | --- | --- | --- |', ...lines].join(
    '\n',
  )
}

function notes(rows: readonly Row[]): string {
  return rows.map(({ name, how, control, finding }) => `- **${name}**: ${how} Control: ${control} ${finding}`.trim()).join('\n')
}

function wordsOf(goal: Goal): string {
  return 'atMost' in goal ? `≤ ${goal.atMost}` : `≥ ${goal.atLeast}`
}

function rounded(value: number): number {
  return Number(value.toPrecision(3))
}

function absent(instead: string) {
  return (error: NodeJS.ErrnoException) => {
    if (error.code !== 'ENOENT') throw error
    return instead
  }
}
