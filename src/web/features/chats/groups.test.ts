/** The groups of the sidebar: by the calendar of the zone, at midnight, across the changes of clocks. */
import { expect, test } from 'vitest'
import type { Chat } from '#contract/chats.ts'
import { addDays, beginOf, dayAt } from '#web/kernel/days.ts'
import { type Row, toRows } from './groups.ts'

const chat = (timeUpdated: string, id = timeUpdated) => ({ id, timeUpdated }) as unknown as Chat
const said = (row: Row) => (row.kind === 'heading' ? row.words : row.kind === 'chat' ? row.chat.timeUpdated : row.kind)
const words = (rows: readonly Row[]) => rows.map(said)
const grouped = (now: string, zone: string, ...times: string[]) =>
  words(
    toRows(
      times.map((time) => chat(new Date(time).toISOString())),
      dayAt(Date.parse(now), zone),
    ),
  )
const begins = (year: number, month: number, date: number, zone: string) =>
  new Date(beginOf({ year, month: month - 1, date, zone })).toISOString()

test('a chat stands under its day, its week or its month, and the year is said where it is another', () => {
  expect(
    grouped(
      '2026-11-28T12:00:00Z',
      'UTC',
      '2026-11-28T00:00:00.000Z',
      '2026-11-27T23:59:59.999Z',
      '2026-11-26T12:00:00.000Z',
      '2026-11-21T00:00:00.000Z',
      '2026-11-20T23:59:59.999Z',
      '2026-03-01T00:00:00.000Z',
      '2025-11-28T12:00:00.000Z',
    ),
  ).toEqual([
    'Today',
    '2026-11-28T00:00:00.000Z',
    'Yesterday',
    '2026-11-27T23:59:59.999Z',
    'Previous 7 days',
    '2026-11-26T12:00:00.000Z',
    '2026-11-21T00:00:00.000Z',
    'November',
    '2026-11-20T23:59:59.999Z',
    'March',
    '2026-03-01T00:00:00.000Z',
    'November 2025',
    '2025-11-28T12:00:00.000Z',
  ])
})

test('the same chat is of today in Tokyo, and of yesterday in Auckland and Los Angeles', () => {
  const [now, time] = ['2026-06-15T12:30:00Z', '2026-06-15T05:00:00.000Z']
  expect(grouped(now, 'Pacific/Auckland', time)[0]).toBe('Yesterday')
  expect(grouped(now, 'America/Los_Angeles', time)[0]).toBe('Yesterday')
  expect(grouped(now, 'Asia/Tokyo', time)[0]).toBe('Today')
})

test('one instant before midnight and at midnight are different days', () => {
  const time = '2026-07-01T21:59:59.999Z'
  expect(grouped('2026-07-01T21:59:59.999Z', 'Europe/Berlin', time)[0]).toBe('Today')
  expect(grouped('2026-07-01T22:00:00Z', 'Europe/Berlin', time)[0]).toBe('Yesterday')
})

test('a day of 23 and a day of 25 hours end where their zone says', () => {
  // Berlin: clocks go forward on 29 March 2026 and back on 25 October 2026.
  expect(
    beginOf({ year: 2026, month: 2, date: 30, zone: 'Europe/Berlin' }) - beginOf({ year: 2026, month: 2, date: 29, zone: 'Europe/Berlin' }),
  ).toBe(23 * 3_600_000)
  expect(
    beginOf({ year: 2026, month: 9, date: 26, zone: 'Europe/Berlin' }) - beginOf({ year: 2026, month: 9, date: 25, zone: 'Europe/Berlin' }),
  ).toBe(25 * 3_600_000)
  expect(grouped('2026-03-29T22:30:00Z', 'Europe/Berlin', '2026-03-29T21:59:00Z', '2026-03-28T22:59:00Z')).toEqual([
    'Yesterday',
    '2026-03-29T21:59:00.000Z',
    'Previous 7 days',
    '2026-03-28T22:59:00.000Z',
  ])
  expect(grouped('2026-10-25T22:30:00Z', 'Europe/Berlin', '2026-10-24T22:00:00Z', '2026-10-24T21:59:00Z')).toEqual([
    'Today',
    '2026-10-24T22:00:00.000Z',
    'Yesterday',
    '2026-10-24T21:59:00.000Z',
  ])
})

test('where the clocks skip midnight the day begins after the gap; where they strike it twice, at the first', () => {
  // Cairo skips from 00:00 to 01:00 on 24 April 2026; Havana goes back from 01:00 to 00:00 on 1 November 2026.
  expect(begins(2026, 4, 24, 'Africa/Cairo')).toBe('2026-04-23T22:00:00.000Z')
  expect(begins(2026, 11, 1, 'America/Havana')).toBe('2026-11-01T04:00:00.000Z')
})

test('every day of three years begins after the one before it, and is that day at its first instant', () => {
  for (const zone of ['Europe/Berlin', 'America/Havana', 'Africa/Cairo', 'Australia/Lord_Howe', 'Asia/Kathmandu', 'America/St_Johns']) {
    let day = dayAt(Date.UTC(2025, 0, 1, 12), zone)
    for (let count = 0; count < 1_096; count += 1) {
      const begin = beginOf(day)
      expect(dayAt(begin, zone)).toEqual(day)
      expect(dayAt(begin - 1, zone)).toEqual(addDays(day, -1))
      day = addDays(day, 1)
    }
  }
})

test('chats on a shelf stand there and not under their day; an empty shelf is not shown', () => {
  const [a, b] = [chat('2026-11-28T10:00:00.000Z', 'a'), chat('2026-11-28T09:00:00.000Z', 'b')]
  const today = dayAt(Date.parse('2026-11-28T12:00:00Z'), 'UTC')
  const rows = toRows([a, b], today, [
    { words: 'Pinned', chats: [b] },
    { words: 'Shared with you', chats: [] },
  ])
  expect(rows.map(({ key }) => key)).toEqual(['Pinned', 'b', 'Today', 'a'])
})

test('a chat that is later than the clock of this device is of today', () => {
  expect(grouped('2026-11-28T12:00:00Z', 'UTC', '2026-11-29T08:00:00Z')[0]).toBe('Today')
})
