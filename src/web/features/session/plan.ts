/** When a login ends by the clock of this device, and what that asks for now. Pure; the server’s own times are only ever subtracted. */
import type { CurrentSession } from '#contract/sessions.ts'

const IDLE_WARNING_MS = 120_000
const END_NOTICE_MS = 600_000
/** A little later than the end itself: the server is to agree that it is over. */
const AFTER_END_MS = 1_000

/** Times in the count of this device. */
export interface Ends {
  readonly idleMs: number
  readonly finalMs: number
}

export interface Plan {
  /** The time until which somebody must show that they are there; null while there is no need to ask. */
  readonly warnUntilMs: number | null
  /** Whether the end that comes in any case is near. */
  readonly nearsEnd: boolean
  /** When to ask the server again; until then nothing changes. */
  readonly nextMs: number
}

/** Takes the times of a reply that came at `atMs`. */
export function endsOf({ now, idleEndsAt, endsAt }: CurrentSession, atMs: number): Ends {
  const onThisDevice = (time: string) => atMs + Date.parse(time) - Date.parse(now)
  return { idleMs: idleEndsAt === null ? Number.POSITIVE_INFINITY : onThisDevice(idleEndsAt), finalMs: onThisDevice(endsAt) }
}

/** Says what is to be shown, and how long that stays true. An idle end is not asked about where the final one comes before it. */
export function planOf({ idleMs, finalMs }: Ends, nowMs: number): Plan {
  const warnFromMs = idleMs - IDLE_WARNING_MS
  const noticeFromMs = finalMs - END_NOTICE_MS
  const warns = nowMs >= warnFromMs && idleMs < finalMs
  const ahead = [warnFromMs, noticeFromMs].filter((ms) => ms > nowMs)
  return {
    warnUntilMs: warns ? idleMs : null,
    nearsEnd: nowMs >= noticeFromMs,
    nextMs: Math.min(...ahead, Math.max(Math.min(idleMs, finalMs), nowMs) + AFTER_END_MS),
  }
}
