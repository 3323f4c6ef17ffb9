/** Somebody who reads an answer while it is written, and comes back after every break for what they have not had. */
import { setTimeout as pause } from 'node:timers/promises'
import type { Message } from '#contract/chats.ts'

const PAUSE_MS = 50
const MOST_TRIES = 2_000

export interface Reader {
  /** Everything they have read so far. */
  readonly text: string
  /** Resolves with the message that the stream ends with. */
  readonly done: Promise<Message>
}

/** Begins to read at the first of the addresses, and after each break at the next; `path` is the answer's. */
export function readAnswer(addresses: readonly string[], token: string, path: string): Reader {
  const state = { text: '', lastEventId: '' }
  const read = async (): Promise<Message> => {
    for (let tries = 0; tries < MOST_TRIES; tries++) {
      const message = await readOnce(`${addresses[tries % addresses.length]}${path}/events`, token, state).catch((error: unknown) => {
        if (!(error instanceof TypeError)) throw error
      })
      if (message) return message
      await pause(PAUSE_MS)
    }
    throw new Error('the answer never ended')
  }
  const done = read()
  // It is heard by whoever awaits it, which may be much later.
  done.catch(() => undefined)
  return {
    get text() {
      return state.text
    },
    done,
  }
}

/** Reads until the stream ends; undefined when it ends before the answer does. */
async function readOnce(url: string, token: string, state: { text: string; lastEventId: string }): Promise<Message | undefined> {
  const reply = await fetch(url, {
    headers: { authorization: `Bearer ${token}`, ...(state.lastEventId ? { 'last-event-id': state.lastEventId } : {}) },
  })
  if (reply.status === 503) return void (await reply.text())
  if (reply.status !== 200) throw new Error(`the answer was not to be read: ${reply.status} ${await reply.text()}`)
  let rest = ''
  for await (const chunk of reply.body?.pipeThrough(new TextDecoderStream()) ?? []) {
    const blocks = (rest + chunk).split('\n\n')
    rest = blocks.pop() ?? ''
    for (const block of blocks.filter((one) => one.includes('data: '))) {
      const field = (name: string) => new RegExp(`^${name}: (.*)$`, 'm').exec(block)?.[1] ?? ''
      const data = JSON.parse(field('data'))
      state.lastEventId = field('id')
      // What was lost with a server that was killed is taken back.
      state.text = field('event') === 'rewind' ? state.text.slice(0, data.text) : state.text + (data.text ?? '')
      if (field('event') === 'done') return data.message
    }
  }
  return undefined
}
