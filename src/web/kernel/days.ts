/** Days as the calendar of a time zone has them: some have 23 hours, some 25, and a few do not begin at midnight. Pure. */

/** A day of the calendar; `month` counts from 0. */
export interface Day {
  readonly year: number
  readonly month: number
  readonly date: number
}

/** A day, and the time zone in which it is that day. */
export interface ZonedDay extends Day {
  readonly zone: string
}

const DAY_MS = 86_400_000
const formats = new Map<string, Intl.DateTimeFormat>()

/** Gives the day that it is in the zone at this time. */
export function dayAt(timeMs: number, zone: string): ZonedDay {
  const wall = new Date(wallClock(timeMs, zone))
  return { year: wall.getUTCFullYear(), month: wall.getUTCMonth(), date: wall.getUTCDate(), zone }
}

/** Gives the day so many days later, or earlier when negative. */
export function addDays({ year, month, date, zone }: ZonedDay, days: number): ZonedDay {
  const moved = new Date(Date.UTC(year, month, date + days))
  return { year: moved.getUTCFullYear(), month: moved.getUTCMonth(), date: moved.getUTCDate(), zone }
}

/** Gives the time at which the day begins: its first instant, also where the clocks skip midnight or strike it twice. */
export function beginOf({ year, month, date, zone }: ZonedDay): number {
  const midnight = Date.UTC(year, month, date)
  const [before, after] = [-DAY_MS, DAY_MS].map((shift) => midnight - offsetAt(midnight + shift, zone)) as [number, number]
  const [first, last] = before < after ? [before, after] : [after, before]
  return wallClock(first, zone) >= midnight ? first : last
}

function offsetAt(timeMs: number, zone: string): number {
  return wallClock(timeMs, zone) - timeMs
}

/** What a clock of the zone shows, as if it were in UTC. */
function wallClock(timeMs: number, zone: string): number {
  const parts = Object.fromEntries(
    formatOf(zone)
      .formatToParts(timeMs)
      .map(({ type, value }) => [type, Number(value)]),
  )
  const { year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0 } = parts
  return Date.UTC(year, month - 1, day, hour, minute, second)
}

function formatOf(zone: string): Intl.DateTimeFormat {
  const known = formats.get(zone)
  if (known) return known
  const numeric = 'numeric'
  const format = new Intl.DateTimeFormat('en-u-ca-gregory', {
    timeZone: zone,
    hourCycle: 'h23',
    year: numeric,
    month: numeric,
    day: numeric,
    hour: numeric,
    minute: numeric,
    second: numeric,
  })
  formats.set(zone, format)
  return format
}
