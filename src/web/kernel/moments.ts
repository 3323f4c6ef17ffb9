/** Moments and spans of time as people say them within a sentence, in the time zone and manner of this device. */
import { daysAgo } from './time.ts'

const clock = new Intl.DateTimeFormat(undefined, { timeStyle: 'short' })
const dayAndClock = new Intl.DateTimeFormat(undefined, { day: 'numeric', month: 'short', hour: 'numeric', minute: '2-digit' })
const day = new Intl.DateTimeFormat(undefined, { day: 'numeric', month: 'short' })
const dayOfYear = new Intl.DateTimeFormat(undefined, { day: 'numeric', month: 'short', year: 'numeric' })
const relative = new Intl.RelativeTimeFormat('en', { numeric: 'always' })
const units = (['minute', 'hour', 'day'] as const).map((unit) => new Intl.NumberFormat('en', { style: 'unit', unit, unitDisplay: 'long' }))

const [MINUTE_MS, HOUR_MS] = [60_000, 3_600_000]
const [HOUR_S, DAY_S] = [3_600, 86_400]

/** Gives the day: “3 Nov”, with the year where it is not this one. */
export function sayDay(time: string, now = new Date()): string {
  const date = new Date(time)
  return (date.getFullYear() === now.getFullYear() ? day : dayOfYear).format(date)
}

/** Gives day and time of day: “today 08:12”, “yesterday 17:03”, “3 Nov, 07:55”. */
export function sayMoment(time: string, now = new Date()): string {
  const days = daysAgo(time, now)
  const date = new Date(time)
  const named = days === 0 ? 'today' : days === 1 ? 'yesterday' : null
  if (named !== null) return `${named} ${clock.format(date)}`
  return date.getFullYear() === now.getFullYear() ? dayAndClock.format(date) : `${dayOfYear.format(date)}, ${clock.format(date)}`
}

/** Gives how long ago it was: “just now” within two minutes, “2 hours ago” within twelve hours, and the moment before that. */
export function sayAgo(time: string, now = new Date()): string {
  const agoMs = now.getTime() - new Date(time).getTime()
  if (agoMs < 2 * MINUTE_MS) return 'just now'
  if (agoMs < HOUR_MS) return relative.format(-Math.floor(agoMs / MINUTE_MS), 'minute')
  return agoMs < 12 * HOUR_MS ? relative.format(-Math.floor(agoMs / HOUR_MS), 'hour') : sayMoment(time, now)
}

/** Gives a span in the largest unit that it fills: “30 minutes”, “24 hours”, “7 days”. */
export function saySpan(seconds: number): string {
  const [index, unitS] = seconds % DAY_S === 0 && seconds > DAY_S ? [2, DAY_S] : seconds % HOUR_S === 0 ? [1, HOUR_S] : [0, 60]
  return units[index]!.format(seconds / unitS)
}
