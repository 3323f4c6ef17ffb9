/**
 * A history as it goes on: deeds are sent to the stage, and what came of them is explained by the model. What was under way together may
 * have happened in any order; all states that explain everything so far are kept, and a history fails where none is left.
 */
import { expect } from 'vitest'
import { tokenHash } from '#server/auth/tokens/token.ts'
import type { PEOPLE } from '#tests/support/cast.ts'
import * as model from './model.ts'
import type { Caller, Stage, Which } from './stage.ts'

export type Person = Extract<keyof typeof PEOPLE, 'alice' | 'carol'>

/** A browser or a program of a person, with the token that it has. */
export interface Client {
  readonly person: Person
  readonly via: Caller['via']
  token: string | null
  /** What a reply gives that has not come yet. */
  late: string | null
}

/** Goes over a state; answers what cannot be, or nothing. */
export type Explanation = (state: model.State) => string | undefined

export interface Deed {
  readonly name: string
  /** Whether it can be done now, by what the model knows. */
  mayBe(play: Play): boolean
  /** Does it, and answers how to explain what came of it. `isAlone`: nothing else is under way. */
  send(play: Play, isAlone: boolean): Promise<Explanation | Explanation[]>
}

/** Time between two deeds. */
const STEP_MS = 50

export class Play {
  readonly stage: Stage
  readonly clients: readonly Client[]
  readonly userIds: Readonly<Record<Person, string>>
  /** What an anonymous caller is answered, word for word. */
  readonly refusal: string
  readonly skewMs: [number, number] = [0, 0]
  #possible: model.State[]
  #turn = 0

  constructor(of: Pick<Play, 'stage' | 'clients' | 'userIds' | 'refusal'>) {
    this.stage = of.stage
    this.clients = of.clients
    this.userIds = of.userIds
    this.refusal = of.refusal
    const nowMs = Math.ceil(this.stage.time.now())
    this.#possible = [{ adminId: this.userIds.carol, nowMs, policy: model.POLICIES.everyday, tokens: {}, sessions: {}, isSuspended: {} }]
  }

  /** One of the states that it may be in. */
  get state(): model.State {
    return this.#possible[0]!
  }

  /** Whether nothing in it would be too close to a limit after a change. */
  isClearAfter(change: (state: model.State) => void): boolean {
    return this.#possible.every((state) => {
      const changed = structuredClone(state)
      change(changed)
      return !model.isBlurred(changed)
    })
  }

  /** One of several, each in its turn. */
  pick<T>(from: readonly T[]): T | undefined {
    this.#turn += 1
    return from[(this.#turn * 7) % Math.max(1, from.length)]
  }

  /** Does it, explains what came of it, and looks around. */
  async go(deed: Deed): Promise<void> {
    await this.stage.settled()
    const nowMs = this.state.nowMs + STEP_MS
    await this.stage.time.set(nowMs)
    this.#explain('time', [(state) => void model.passTo(state, nowMs)])
    const explanation = await deed.send(this, true)
    this.#explain(deed.name, [explanation].flat())
    await this.lookAround(1)
  }

  /** What holds at any moment, looked at without changing it; so many tokens, in their turns, are asked about. */
  async lookAround(many: number): Promise<void> {
    const tokens = Object.keys(this.state.tokens)
    for (let i = 0; i < Math.min(many, tokens.length); i++) {
      const token = this.pick(tokens)!
      const caller: Caller = { server: (i % 2) as Which, token, via: 'header' }
      const why = await this.stage.call(caller, 'POST', '/api/auth/why-ended')
      this.#explain('why it ended', [(state) => wrongReason(state, token, (why.body as { reason: string | null }).reason)])
      if (model.standingOf(this.state, token) !== 'out') continue
      const refused = await this.stage.call(caller, 'GET', '/api/me')
      expect([refused.status, refused.text]).toEqual([401, this.refusal])
    }
    const { lines, alarms, proven } = await this.stage.look()
    expect(lines, 'tokens of one login in use').toBeLessThanOrEqual(1)
    this.#explain('alarms', [({ sessions }) => otherThan(Object.values(sessions).filter(({ ended }) => ended === 'theft').length, alarms)])
    this.#explain('proofs', [(state) => wronglyProven(state, new Set(proven))])
  }

  #explain(name: string, explanations: readonly Explanation[]): void {
    const complaints = new Set<string>()
    const states = new Map<string, model.State>()
    for (const order of ordersOf(explanations)) {
      for (const possible of this.#possible) {
        const state = structuredClone(possible)
        const complaint = order.map((explain) => explain(state)).find((one) => one !== undefined)
        if (complaint === undefined) states.set(JSON.stringify(state), state)
        else complaints.add(complaint)
      }
    }
    expect(states.size === 0 ? [...complaints] : [], name).toEqual([])
    this.#possible = [...states.values()]
  }
}

const otherThan = (wanted: unknown, got: unknown) => (got === wanted ? undefined : `${got} instead of ${wanted}`)

/** A token that is proven and should not be, or the other way round. */
function wronglyProven(state: model.State, proven: ReadonlySet<string>): string | undefined {
  const going = Object.keys(state.tokens).filter((text) => !state.sessions[state.tokens[text]!.sessionId]!.ended)
  const wrong = going.find((text) => proven.has(tokenHash(text).toString('hex')) !== model.isProven(state, text))
  return wrong && `token ${Object.keys(state.tokens).indexOf(wrong)} is ${model.isProven(state, wrong) ? 'not ' : ''}proven`
}

function wrongReason(state: model.State, token: string, reason: string | null): string | undefined {
  const { sessionId } = state.tokens[token]!
  const wanted = state.sessions[sessionId]!.abilities ? 'unknown' : model.reasonOf(state, sessionId)
  return otherThan(wanted, reason)
}

function ordersOf<T>(all: readonly T[]): T[][] {
  return all.length < 2 ? [[...all]] : all.flatMap((one, i) => ordersOf(all.toSpliced(i, 1)).map((rest) => [one, ...rest]))
}

/** Several deeds at the same moment. */
export function sideBySide(deeds: readonly Deed[]): Deed {
  return {
    name: `side by side (${deeds.map(({ name }) => name).join(' | ')})`,
    mayBe: (play) => deeds.every((deed) => deed.mayBe(play)),
    send: async (play) => (await Promise.all(deeds.map((deed) => deed.send(play, false)))).flat(),
  }
}

interface Happening {
  mayBe?(play: Play): boolean
  /** What it does to the stage. */
  happen?(play: Play): unknown
  /** What it does to the model. */
  change?(state: model.State): void
}

/** What happens without anybody's request, and always goes well. */
function happening(name: string, { mayBe = () => true, happen, change }: Happening): Deed {
  return {
    name,
    mayBe,
    async send(play) {
      await happen?.(play)
      return (state) => void change?.(state)
    },
  }
}

/** Time passes for the database and both servers. */
export function pass(seconds: number): Deed {
  const change = (state: model.State) => model.passTo(state, state.nowMs + seconds * 1_000)
  return happening(`${seconds} s pass`, {
    mayBe: (play) => play.isClearAfter(change),
    happen: ({ stage, state }) => stage.time.set(state.nowMs + seconds * 1_000),
    change,
  })
}

/** Time passes until shortly before one of the logins ends in any case, or shortly after. */
export function passTowardsEnd(session: number, seconds: number): Deed {
  const thenOf = (state: model.State) => {
    const ends = model.liveOf(state, {}).map(({ endsMs }) => endsMs + seconds * 1_000)
    return Math.max(state.nowMs, ends[session % ends.length] ?? 0)
  }
  return {
    name: `until ${seconds} s behind the end of ${session}`,
    mayBe: (play) => play.isClearAfter((state) => model.passTo(state, thenOf(play.state))),
    async send({ stage, state }) {
      const nowMs = thenOf(state)
      await stage.time.set(nowMs)
      return (other) => void model.passTo(other, nowMs)
    },
  }
}

/** A server's clock is wrong from now on. */
export const misset = (server: Which, minutes: number) =>
  happening(`clock ${server} is ${minutes} min wrong`, {
    happen({ stage, skewMs }) {
      skewMs[server] = minutes * 60_000
      stage.misset(server, skewMs[server])
    },
  })

/** The operator suspends somebody, or takes it back. */
export function suspend(person: Person, isSuspended: boolean): Deed {
  return {
    name: `${person} is ${isSuspended ? 'suspended' : 'reinstated'}`,
    mayBe: ({ state, userIds }) => (state.isSuspended[userIds[person]] ?? false) !== isSuspended,
    async send({ stage, userIds }) {
      await stage.setStatus(userIds[person], isSuspended ? 'suspended' : 'active')
      return (state) => void model.suspend(state, userIds[person], isSuspended)
    },
  }
}

/** Something happens to the cache, while it is there or while it is not. */
export const toCache = (what: 'flush' | 'copy' | 'restore' | 'stop' | 'start') =>
  happening(`cache: ${what}`, {
    mayBe: ({ stage }) => stage.cache.isUp() === (what !== 'start'),
    happen: ({ stage }) => stage.cache[what](),
  })

/** A server is stopped and started. */
export const restart = (server: Which) => happening(`server ${server} is restarted`, { happen: ({ stage }) => stage.restart(server) })
