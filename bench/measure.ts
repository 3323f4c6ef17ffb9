/**
 * How everything here is measured: several ways of doing one thing take turns within one run, and only their ratios (or, where the
 * goal is an absolute one, their medians) count. Each row brings a control that must miss the goal: a measurement that would let
 * the control pass sees nothing.
 */
import type { World } from './world.ts'

export type Goal = { readonly atMost: number } | { readonly atLeast: number }

/** What a row may use. */
export interface Stage {
  /** Small amounts, for writing a row and for the smoke test; the figures mean little. */
  readonly quick: boolean
  /** How often each side takes its turn. */
  readonly rounds: number
  /** A folder that is removed at the end. */
  readonly scratch: string
  /** A database of its own with the cast in it; closed at the end of the row. */
  world(): Promise<World>
  /** Says how far it is. */
  say(line: string): void
}

export interface Measured {
  readonly value: number
  /** The same measure of the handicapped side. */
  readonly control: number
  readonly rounds: number
  /** The quartiles of the rounds, below and above the median. */
  readonly spread: readonly [number, number]
}

export interface Row {
  readonly name: string
  readonly unit: '×' | 'ms' | 'µs' | 'KB' | 'late'
  readonly goal: Goal
  /** What is measured, in a line. */
  readonly how: string
  /** The handicap of the control, in a line. */
  readonly control: string
  /** What was learnt, and what was done about it. */
  readonly finding: string
  measure(stage: Stage): Promise<Measured>
}

/** One side's turn; answers its cost. */
export type Turn = () => Promise<number>

/** Lets the sides take turns, in the opposite order every other time, and answers each side's costs. The first turns warm up and do not count. */
export async function takeTurns<S extends string>(rounds: number, sides: Readonly<Record<S, Turn>>): Promise<Record<S, number[]>> {
  const names = Object.keys(sides) as S[]
  const costs = Object.fromEntries(names.map((name) => [name, [] as number[]])) as Record<S, number[]>
  for (let round = -1; round < rounds; round++) {
    for (const name of round % 2 === 0 ? names : names.toReversed()) {
      const cost = await sides[name]()
      if (round >= 0) costs[name].push(cost)
    }
  }
  return costs
}

/** How many times the base's cost the subject's is: the median of the rounds, each compared with its own neighbour in time. */
export async function compare(rounds: number, sides: Readonly<Record<'base' | 'subject' | 'control', Turn>>): Promise<Measured> {
  const { base, subject, control } = await takeTurns(rounds, sides)
  return summary(rounds, { values: subject.map((cost, i) => cost / base[i]!), controls: control.map((cost, i) => cost / base[i]!) })
}

/** The medians of two series, and the quartiles of the first. */
export function summary(rounds: number, { values, controls }: { values: readonly number[]; controls: readonly number[] }): Measured {
  return {
    value: quantile(values, 0.5),
    control: quantile(controls, 0.5),
    rounds,
    spread: [quantile(values, 0.25), quantile(values, 0.75)],
  }
}

/** The value below which this part of the values lies. */
export function quantile(values: readonly number[], part: number): number {
  const sorted = values.toSorted((a, b) => a - b)
  const at = (sorted.length - 1) * part
  const below = sorted[Math.floor(at)]!
  return below + (sorted[Math.ceil(at)]! - below) * (at % 1)
}

/** Milliseconds of wall time that one call takes, when so many are made, so many at a time. */
export async function wallMs({ calls, lanes }: { calls: number; lanes: number }, work: () => Promise<unknown>): Promise<number> {
  let left = calls
  const lane = async () => {
    while (left-- > 0) await work()
  }
  const startedMs = performance.now()
  await Promise.all(Array.from({ length: lanes }, lane))
  return (performance.now() - startedMs) / calls
}

/** Milliseconds of wall time that one piece of work takes. */
export async function timeOf(work: () => Promise<unknown>): Promise<number> {
  return wallMs({ calls: 1, lanes: 1 }, work)
}

/** Whether a value meets a goal. */
export function meets(value: number, goal: Goal): boolean {
  return 'atMost' in goal ? value <= goal.atMost : value >= goal.atLeast
}
