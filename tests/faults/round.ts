/**
 * One round: three people keep asking and one answer of each is half written when something breaks under them; then it is mended, and
 * what they were promised is counted from outside. A question counts as promised once the server has said that it took it.
 */
import { setTimeout as pause } from 'node:timers/promises'
import { vi } from 'vitest'
import type { Chat, MessageStatus } from '#contract/chats.ts'
import type { Asked, Exchange } from '#tests/support/conversation.ts'
import { asked, messagesOf, textOf } from '#tests/support/conversation.ts'
import type { Answer } from '#tests/support/world.ts'
import { halfAnswerTo, type MODELS } from './provider.ts'
import { type Reader, readAnswer } from './reader.ts'
import type { Player, Stage } from './stage.ts'

const PAUSE_MS = 20
const MOST_TRIES = 2_000
const UNHURRIED = { timeout: 60_000, interval: 25 }
/** So that tables have to grow: on a full disk, what fits into a page that is there already is still taken. */
const PADDING = 'and more '.repeat(100)

/** In everything that is typed. */
export const CANARY = word()

/** How a request may fail under a fault: with a broken connection, with the problem that the database is away, or not at all. */
export type Trouble = 'connection' | 'unavailable'

export interface Fault {
  readonly name: string
  readonly troubles: readonly Trouble[]
  /** How answers may end that were asked for meanwhile. */
  readonly endings: readonly MessageStatus[]
  /** Whether answers may be left without a writer. */
  readonly endsServer?: boolean
  /** Why it cannot be tried here. */
  readonly missing?: string | undefined
  /** Breaks something and mends it. `felt` resolves once this many requests have failed. */
  strike(stage: Stage, felt: (times: number) => Promise<unknown>): Promise<void>
}

export interface Question {
  readonly key: string
  readonly text: string
  readonly taken: Asked
}

/** What one person did in a round. */
export interface Thread {
  readonly player: Player
  readonly chatId: Chat['id']
  /** In each of their questions, and in nobody else's. */
  readonly secret: string
  readonly questions: Question[]
  /** What they could read of the half-written answer, in the stream and as it was kept, before anything broke. */
  readonly seen: string
  readonly reader: Reader
}

export interface Round {
  readonly fault: Fault
  /** One word for what everybody asks about. */
  readonly topic: string
  readonly threads: readonly Thread[]
  readonly troubles: Trouble[]
  /** What should never have been answered. */
  readonly wrong: string[]
}

/** Plays a round; when it resolves, all is mended, every question is taken, and nobody asks any more. The answers may still be written. */
export async function playRound(stage: Stage, fault: Fault): Promise<Round> {
  const round: Round & { threads: Thread[] } = { fault, topic: `${CANARY}${word()}`, threads: [], troubles: [], wrong: [] }
  round.threads.push(...(await Promise.all(stage.people.map((player) => openThread(stage, round, player)))))
  let isOver = false
  const strike = async () => {
    try {
      await fault.strike(stage, (times) => vi.waitUntil(() => round.troubles.length + round.wrong.length >= times, UNHURRIED))
    } finally {
      isOver = true
    }
  }
  const write = async (thread: Thread) => {
    do {
      await ask(round, thread, 'brief')
      await pause(PAUSE_MS)
    } while (!isOver)
  }
  // All of them, whatever becomes of one: the next round begins on a mended stage on which nobody asks.
  const ends = await Promise.allSettled([strike(), ...round.threads.map(write)])
  stage.provider.release()
  for (const end of ends) if (end.status === 'rejected') throw end.reason
  return round
}

async function openThread(stage: Stage, round: Round, player: Player): Promise<Thread> {
  const made = await insist(round, () => player.call<Chat>('POST', '/api/chats', {}))
  const chatId = made.body.id
  const thread = { player, chatId, secret: `${CANARY}${word()}`, questions: [] }
  const held = await ask(round, thread, 'held')
  const half = halfAnswerTo(held.key)
  const reader = readAnswer([stage.address], player.token, held.taken.path)
  await vi.waitUntil(() => reader.text === half, UNHURRIED)
  await vi.waitUntil(async () => (await keptText(player, held.taken)) === half, UNHURRIED)
  return { ...thread, seen: half, reader }
}

async function keptText(player: Player, taken: Asked): Promise<string | undefined> {
  const kept = (await messagesOf(player, taken.chatId)).find(({ id }) => id === taken.answerId)
  return kept && textOf(kept)
}

/** Asks under one key until it is taken; below the answer before, but for the first, which is held. */
async function ask(
  round: Round,
  thread: Pick<Thread, 'player' | 'chatId' | 'secret' | 'questions'>,
  model: (typeof MODELS)[number],
): Promise<Question> {
  const { player, chatId, secret, questions } = thread
  const key = crypto.randomUUID()
  const text = `What is said of ${round.topic} by ${secret}? key=${key} ${PADDING}`
  const body = { text, parentId: questions.slice(1).at(-1)?.taken.answerId ?? null, model: player.model(model), idempotencyKey: key }
  const answer = await insist(round, () => player.call<Exchange>('POST', `/api/chats/${chatId}/messages`, body))
  if (answer.status !== 202) throw new Error(`a question was refused: ${answer.text}`)
  const question = { key, text, taken: asked(answer.body) }
  questions.push(question)
  return question
}

/** Calls until there is an answer, noting what went wrong. Only a broken connection, a database that is away, being busy, and an answer that is still written are tried again. */
export async function insist<T>(round: Pick<Round, 'troubles' | 'wrong'>, attempt: () => Promise<Answer<T>>): Promise<Answer<T>> {
  for (let tries = 0; tries < MOST_TRIES; tries++) {
    const answer = await attempt().catch((error: unknown) => {
      if (!(error instanceof TypeError)) throw error
      round.troubles.push('connection')
    })
    const code = (answer?.body as { code?: string } | undefined)?.code
    if (answer && answer.status < 500 && code !== 'generation.too_many' && code !== 'message.unfinished') return answer
    if (code === 'server.unavailable') round.troubles.push('unavailable')
    else if (answer && answer.status >= 500) round.wrong.push(`${answer.status} ${answer.text}`)
    await pause(PAUSE_MS)
  }
  throw new Error('the server never answered')
}

/** A word that nobody has said before. */
function word(): string {
  return [...crypto.getRandomValues(new Uint8Array(12))].map((byte) => 'bcdfghjklmnpqrstvwxz'[byte % 20]).join('')
}
