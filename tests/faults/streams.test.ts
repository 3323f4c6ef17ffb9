/**
 * PostgreSQL is killed while pages follow what happens and nothing does. Numbers of transactions that came to nothing just before are lost
 * with it, and given again to what is done afterwards: whoever had been told up to those numbers is not told that there is nothing new.
 */
import { execFileSync } from 'node:child_process'
import { setTimeout as pause } from 'node:timers/promises'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Chat } from '#contract/chats.ts'
import { followEvents, lastIdOf, toldBy } from '#tests/events/stage.ts'
import { type LiveStream, openStream, send } from '#tests/support/conversation.ts'
import { insist } from './round.ts'
import { openStage, type Player, type Stage } from './stage.ts'

const PAUSE_MS = 50
const UNHURRIED_MS = 180_000
const PATIENT = { timeout: 60_000, interval: 50 }
/** More than are given while the test goes on. */
const NUMBERS = 400

let stage: Stage
beforeAll(async () => {
  stage = await openStage()
}, UNHURRIED_MS)
afterAll(() => stage?.close(), UNHURRIED_MS)

/** Somebody who follows, and after each break comes back where they were. */
async function follow({ token }: Player) {
  const streams: LiveStream[] = [await followEvents(stage.address, { token })]
  let isOver = false
  const comeBack = async () => {
    while (!isOver) {
      await streams.at(-1)!.ended.catch(() => undefined)
      await pause(PAUSE_MS)
      const lastEventId = streams.map(lastIdOf).findLast((id) => id !== '')
      const next = isOver ? undefined : await openStream(stage.address, token, '/api', { lastEventId }).catch(() => undefined)
      if (next) streams.push(next)
    }
  }
  const over = comeBack()
  return {
    /** The chats that they were told have been begun. */
    told: () => streams.flatMap(toldBy).flatMap(({ kind, chatId }) => (kind === 'chat.created' ? [chatId] : [])),
    /** How often they were told to look again at everything. */
    resumed: () => streams.flatMap(({ events }) => events).filter(({ event }) => event === 'resumed').length,
    async stop() {
      isOver = true
      for (const stream of streams) stream.close()
      await over
    },
  }
}

/** The process that would soon have written down what nobody waits for. */
function walWriterOf(postmaster: number): number {
  const lines = execFileSync('ps', ['-A', '-o', 'pid=,ppid=,args='], { encoding: 'utf8' }).split('\n')
  const line = lines.find((one) => new RegExp(`^\\s*\\d+\\s+${postmaster}\\s.*walwriter`).test(one))
  return Number(line?.trim().split(/\s+/)[0])
}

test('whoever follows looks again at everything once, is told of all that comes, and of nothing twice', {
  timeout: UNHURRIED_MS,
}, async () => {
  const { people } = stage
  const begin = (person: Player) => insist({ troubles: [], wrong: [] }, () => person.call<Chat>('POST', '/api/chats', {}))
  const beginAll = async () => (await Promise.all(people.map(begin))).map(({ body }) => body.id)
  await beginAll()
  // Whom the server looks after already: with the first of an organisation it looks for everything.
  const followers = await Promise.all(people.map(follow))
  const postmaster = await stage.postmaster()
  const walWriter = walWriterOf(postmaster)
  process.kill(walWriter, 'SIGSTOP')
  try {
    for (let i = 0; i < NUMBERS; i++) await send(people[0]!, crypto.randomUUID(), { text: 'Anybody?', parentId: null })
    followers.push(...(await Promise.all(people.map(follow))))
  } finally {
    for (const pid of [postmaster, walWriter]) process.kill(pid, 'SIGKILL')
  }
  await beginAll()
  for (const { resumed } of followers) await expect.poll(resumed, PATIENT).toBe(1)
  for (let i = 0; i < 3; i++) {
    const begun = await beginAll()
    for (const [at, { told }] of followers.entries()) await expect.poll(told, PATIENT).toContain(begun[at % people.length])
  }
  for (const { told, resumed } of followers) expect([told().length, resumed()]).toEqual([new Set(told()).size, 1])
  await Promise.all(followers.map((one) => one.stop()))
})
