/**
 * Has a worker do what may take longer than the page can wait, one thing at a time. What took too long is given up, and not
 * tried again.
 */
import type { Colours } from './highlight.ts'
import type { Stage } from './maths/reading.ts'
import type { Block } from './reading.ts'

/** Code to colour, or a block to read. */
export type Order = { readonly code: string; readonly language: string } | { readonly text: string; readonly maths: Stage | null }
export type Reply = Block | Colours | null

const GIVE_UP_MS = 3_000
const MOST_REMEMBERED = 100

/** The worker, once it can be told something; null until it is first needed, and after it was ended. */
let worker: Promise<Worker> | null = null
let last: Promise<unknown> = Promise.resolve()
/** What took too long. */
const givenUp = new Set<string>()

/** Gives what the worker made of it, or null where that takes too long. Rejects where there is no worker, and after the signal. */
export function beside(order: Order, signal: AbortSignal): Promise<Reply> {
  const made = last.then(async () => {
    signal.throwIfAborted()
    const name = JSON.stringify(order)
    if (givenUp.has(name)) return null
    worker ??= start()
    const reply = await ask(await worker, order)
    if (reply !== undefined) return reply
    givenUp.add(name)
    if (givenUp.size > MOST_REMEMBERED) givenUp.delete([...givenUp][0]!)
    return null
  })
  last = made.catch(() => undefined)
  return made
}

function start(): Promise<Worker> {
  const hand = new Worker(new URL('./worker.ts', import.meta.url), { type: 'module' })
  return new Promise((resolve, reject) => {
    hand.onmessage = () => resolve(hand)
    hand.onerror = () => {
      worker = null
      reject(new Error('the worker could not be fetched'))
    }
  })
}

/** Gives its answer; undefined where it had none in time, or broke down, and then it is ended. */
function ask(hand: Worker, order: Order): Promise<Reply | undefined> {
  return new Promise((resolve) => {
    const end = () => {
      clearTimeout(timer)
      hand.terminate()
      worker = null
      resolve(undefined)
    }
    const timer = setTimeout(end, GIVE_UP_MS)
    hand.onerror = end
    hand.onmessage = ({ data }: MessageEvent<Reply>) => {
      clearTimeout(timer)
      resolve(data)
    }
    hand.postMessage(order)
  })
}
