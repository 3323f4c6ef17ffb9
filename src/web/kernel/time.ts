/** Times as people say them, in the time zone and manner of this device. */
const clock = new Intl.DateTimeFormat(undefined, { timeStyle: 'short' })
const full = new Intl.DateTimeFormat(undefined, { dateStyle: 'medium', timeStyle: 'short' })
const month = new Intl.DateTimeFormat('en', { month: 'long', timeZone: 'UTC' })

/** Gives the time of day of today, otherwise the date with it. */
export function sayTime(time: string): string {
  const date = new Date(time)
  return date.toDateString() === new Date().toDateString() ? clock.format(date) : full.format(date)
}

/** Gives date and time in full. */
export function sayDate(time: string): string {
  return full.format(new Date(time))
}

/** Gives the month, counted from 0, with its year where that is not `thisYear`. */
export function sayMonthOf(year: number, ofYear: number, thisYear: number): string {
  const name = month.format(Date.UTC(year, ofYear))
  return year === thisYear ? name : `${name} ${year}`
}

/** Counts the midnights between a time and now. */
export function daysAgo(time: string, now = new Date()): number {
  const then = new Date(time)
  const day = (date: Date) => Date.UTC(date.getFullYear(), date.getMonth(), date.getDate())
  return Math.round((day(now) - day(then)) / 86_400_000)
}
