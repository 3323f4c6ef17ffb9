/**
 * What is promised of login sessions, as a state machine in memory that knows no table, cache or server. Time is the database's, in
 * milliseconds. A copy of a state can be tried and thrown away.
 */
import type { Ability } from '#contract/endpoint.ts'
import type { EndReason } from '#contract/sessions.ts'

const [SECOND, MINUTE, HOUR, DAY] = [1_000, 60_000, 3_600_000, 86_400_000]

/** A token whose successor is in use serves requests under way for so long. */
const GRACE_MS = 30 * SECOND
/** From this age on a browser's token is replaced. */
const OLD_MS = 15 * MINUTE
/** What a proof gave is taken for lost when nobody has used it for so long. */
const LOST_MS = MINUTE
/** Activity is written once a minute, by each server's own clock, which may be four minutes wrong either way. */
const ACTIVITY_MS = 9 * MINUTE
/** A run takes less of the model's time than this, beside what it lets pass on purpose. */
const BLUR_MS = 7 * SECOND

export interface Policy {
  readonly remember: boolean
  readonly idleMs: readonly [usual: number, remembered: number]
  readonly absoluteMs: readonly [usual: number, remembered: number]
  readonly proofMs: number
}

export const POLICIES = {
  everyday: { remember: true, idleMs: [DAY, 30 * DAY], absoluteMs: [7 * DAY, 90 * DAY], proofMs: 30 * MINUTE },
  strict: { remember: false, idleMs: [HOUR, HOUR], absoluteMs: [DAY, DAY], proofMs: 10 * MINUTE },
  own: { remember: true, idleMs: [2 * HOUR, 30 * MINUTE], absoluteMs: [2 * HOUR, 4 * HOUR], proofMs: 5 * MINUTE },
} as const satisfies Record<string, Policy>

export interface Session {
  readonly id: string
  readonly userId: string
  readonly remembered: boolean
  /** What it may do; null for a login, which may do everything. */
  readonly abilities: readonly Ability[] | null
  readonly begunMs: number
  endsMs: number
  idleMs: number
  proofMs: number
  /** The latest activity. */
  activeMs: number
  ended: EndReason | null
  /** False once a token of it was used by anybody but the client that has it. */
  isHonest: boolean
}

export interface Token {
  readonly sessionId: string
  readonly issuedMs: number
  /** Made at random, for a proof or in place of one that others may have: nobody is given it who asks for the successor of another. */
  readonly isApart: boolean
  provenMs: number
  isUsed: boolean
  /** When one that was issued later was first used after it, or when it was itself, if one that was issued later had been before. */
  replacedMs: number | null
  /** The successor that whoever asks is given, as long as it is unused. */
  successor: string | null
}

export interface State {
  readonly adminId: string
  nowMs: number
  policy: Policy
  /** In the order of their issue. */
  tokens: Record<string, Token>
  sessions: Record<string, Session>
  isSuspended: Record<string, boolean>
}

export type Standing = 'in' | 'out' | 'replaced'

/** What becomes of whoever presents a token now. */
export function standingOf(state: State, text: string): Standing {
  const token = state.tokens[text]!
  if (reasonOf(state, token.sessionId) !== null) return 'out'
  return token.replacedMs !== null && state.nowMs >= token.replacedMs + GRACE_MS ? 'replaced' : 'in'
}

/** Why a session has ended; null while it has not. */
export function reasonOf(state: State, sessionId: string): EndReason | null {
  const session = state.sessions[sessionId]!
  if (session.ended) return session.ended
  return endOf(session, state.nowMs) ?? (state.isSuspended[session.userId] ? 'suspended' : null)
}

/** By which of its limits it has ended, the earlier of them; null while it has not. */
function endOf({ activeMs, idleMs, endsMs }: Session, nowMs: number): 'idle' | 'expired' | null {
  if (Math.min(activeMs + idleMs, endsMs) > nowMs) return null
  return activeMs + idleMs < endsMs ? 'idle' : 'expired'
}

/** A token is used: those used before it are replaced, if they were issued before it; otherwise it was overtaken, and is replaced itself. */
export function use(state: State, text: string): void {
  const token = state.tokens[text]!
  if (token.isUsed) return
  const issued = Object.values(state.tokens).filter(({ sessionId }) => sessionId === token.sessionId)
  if (issued.slice(issued.indexOf(token)).some(({ isUsed }) => isUsed)) {
    token.replacedMs ??= state.nowMs
    return
  }
  for (const other of issued) if (other.isUsed) other.replacedMs ??= state.nowMs
  token.isUsed = true
}

/** Whether a token is replaced because it was first used after one that was issued later, as happens where a reply comes late. */
export function isOvertaken(state: State, text: string): boolean {
  const { isUsed, replacedMs } = state.tokens[text]!
  return !isUsed && replacedMs !== null
}

/** Whether its proof opens what needs one. */
export function isProven(state: State, text: string): boolean {
  const token = state.tokens[text]!
  return state.nowMs < token.provenMs + state.sessions[token.sessionId]!.proofMs
}

/** Which successor a token has for who asks now: one that was given before, a new one, or none. */
export function successorOf(state: State, text: string): { given: string } | 'new' | 'none' {
  const token = state.tokens[text]!
  const successor = token.successor === null ? undefined : state.tokens[token.successor]!
  if ((token.replacedMs !== null && token.isUsed) || successor?.isUsed) return 'none'
  if (!successor) return 'new'
  if (!successor.isApart) return { given: token.successor! }
  return state.nowMs < successor.issuedMs + LOST_MS ? 'none' : 'new'
}

/** A successor is given for a token. */
export function succeed(state: State, text: string, successor: string): void {
  const token = state.tokens[text]!
  token.successor = successor
  state.tokens[successor] ??= newToken(state, token.sessionId, token.provenMs)
}

/** Somebody proves who they are under a token: another is the proven one, and the successor of every one in use. */
export function prove(state: State, text: string, proven: string): void {
  putApart(state, proven, { sessionId: state.tokens[text]!.sessionId, provenMs: state.nowMs })
}

/** A token is changed for another that nobody who has it can be given, and that is as proven as it was. */
export function change(state: State, text: string, other: string): void {
  putApart(state, other, state.tokens[text]!)
}

function putApart(state: State, other: string, { sessionId, provenMs }: Pick<Token, 'sessionId' | 'provenMs'>): void {
  state.tokens[other] = { ...newToken(state, sessionId, provenMs), isApart: true }
  for (const token of Object.values(state.tokens))
    if (token.sessionId === sessionId && token.isUsed && token.replacedMs === null) token.successor = other
}

/** A login begins by the rules in force. */
export function begin(state: State, of: { id: string; userId: string; asked: boolean }, text: string): Session {
  const { remember, idleMs, absoluteMs, proofMs } = state.policy
  const remembered = remember && of.asked
  const session: Session = {
    id: of.id,
    userId: of.userId,
    remembered,
    abilities: null,
    begunMs: state.nowMs,
    endsMs: state.nowMs + absoluteMs[Number(remembered) as 0 | 1],
    idleMs: idleMs[Number(remembered) as 0 | 1],
    proofMs,
    activeMs: state.nowMs,
    ended: null,
    isHonest: true,
  }
  state.sessions[of.id] = session
  state.tokens[text] = { ...newToken(state, of.id, state.nowMs), isUsed: true }
  return session
}

/** An API token is made. */
export function beginApi(
  state: State,
  of: { id: string; userId: string; abilities: readonly Ability[]; days: number },
  text: string,
): void {
  const session = begin(state, { ...of, asked: false }, text)
  const lasts = { abilities: of.abilities, idleMs: Number.POSITIVE_INFINITY, endsMs: state.nowMs + of.days * DAY }
  state.sessions[of.id] = { ...session, ...lasts }
  state.tokens[text]!.provenMs = Number.NEGATIVE_INFINITY
}

/** Time passes. */
export function passTo(state: State, nowMs: number): void {
  state.nowMs = nowMs
}

/** Somebody is suspended, or is not any more: their logins rest meanwhile, and go on. */
export function suspend(state: State, userId: string, isSuspended: boolean): void {
  state.isSuspended[userId] = isSuspended
}

/** Other rules: no login lasts longer by them, and those that are over by them have ended for that reason. */
export function setPolicy(state: State, policy: Policy): void {
  const live = liveOf(state, { kind: 'login' })
  state.policy = policy
  // What is over already stays what it was.
  for (const session of Object.values(state.sessions)) if (!live.includes(session)) session.ended ??= endOf(session, state.nowMs)
  for (const session of live) {
    const kind = Number(policy.remember && session.remembered) as 0 | 1
    session.idleMs = Math.min(session.idleMs, policy.idleMs[kind])
    session.endsMs = Math.min(session.endsMs, session.begunMs + policy.absoluteMs[kind])
    session.proofMs = Math.min(session.proofMs, policy.proofMs)
  }
  for (const session of live) if (endOf(session, state.nowMs)) session.ended = 'policy'
}

/** Which sessions. */
interface Chosen {
  readonly id?: string
  readonly not?: string
  readonly userId?: string
  readonly kind?: 'login' | 'api'
}

/** Those of the chosen sessions that would go on if nothing happened, suspended people's too. */
export function liveOf(state: State, chosen: Chosen): Session[] {
  return Object.values(state.sessions).filter(
    ({ id, userId, abilities }) =>
      [null, 'suspended'].includes(reasonOf(state, id)) &&
      (chosen.id ?? id) === id &&
      id !== chosen.not &&
      (chosen.userId ?? userId) === userId &&
      (chosen.kind === undefined || (chosen.kind === 'api') === (abilities !== null)),
  )
}

/** Whether a token is old by a clock that is so much wrong; undefined where it is too close to say. */
export function isOld(state: State, text: string, skewMs: number): boolean | undefined {
  const ageMs = state.nowMs + skewMs - state.tokens[text]!.issuedMs
  return Math.abs(ageMs - OLD_MS) < BLUR_MS ? undefined : ageMs > OLD_MS
}

/** Whether nobody could say of something, with the time that a run itself takes, if it is over or not. */
export function isBlurred(state: State): boolean {
  const isNear = (limitMs: number, earlierMs = 0) => state.nowMs > limitMs - earlierMs - BLUR_MS && state.nowMs < limitMs + BLUR_MS
  const sessions = Object.values(state.sessions).filter(({ ended }) => !ended)
  return (
    sessions.some(
      ({ begunMs, activeMs, idleMs, endsMs }) => isNear(endsMs) || isNear(activeMs + idleMs, Math.min(activeMs - begunMs, ACTIVITY_MS)),
    ) ||
    Object.values(state.tokens).some(
      ({ replacedMs, provenMs, issuedMs, isApart, sessionId }) =>
        (replacedMs !== null && isNear(replacedMs + GRACE_MS)) ||
        isNear(provenMs + state.sessions[sessionId]!.proofMs) ||
        (isApart && isNear(issuedMs + LOST_MS)),
    )
  )
}

function newToken(state: State, sessionId: string, provenMs: number): Token {
  return { sessionId, issuedMs: state.nowMs, isApart: false, provenMs, isUsed: false, replacedMs: null, successor: null }
}
