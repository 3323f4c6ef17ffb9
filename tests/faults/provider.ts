/**
 * A model server in a process of its own, so that it can be killed and frozen. What it says follows from the question alone, so that a
 * test knows every word of an answer without having heard it. Run as a program it is that process; imported, it starts one.
 */
import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { createServer, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text as readText } from 'node:stream/consumers'
import { setTimeout as pause } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { dialectOf } from '#tests/support/model-dialects.ts'

const SELF = fileURLToPath(import.meta.url)
const WORDS = 24
const PAUSE_MS = 2

/** `brief` answers at once. `held` stops in the middle until it is released. */
export const MODELS = ['brief', 'held'] as const

export interface Provider {
  readonly port: number
  readonly pid: number
  /** Lets the held answers go on that have been asked for so far. */
  release(): void
  /** Ends it at once. */
  kill(): Promise<void>
  /** Starts it again on the same port. */
  start(): Promise<void>
}

/** The words of the answer to the question that holds this key. */
export const answerTo = (key: string): string[] => Array.from({ length: WORDS }, (_, i) => `${key}:${i} `)

/** The text after which a held answer waits. */
export const halfAnswerTo = (key: string): string =>
  answerTo(key)
    .slice(0, WORDS / 2)
    .join('')

/** Starts the process; resolves once it listens. */
export async function startProvider(): Promise<Provider> {
  let child: ChildProcess
  let port = 0
  const start = async () => {
    child = fork(SELF, [String(port)])
    const [listening] = await once(child, 'message')
    port = listening as number
  }
  await start()
  return {
    get port() {
      return port
    },
    get pid() {
      return child.pid ?? 0
    },
    release: () => void child.send('release'),
    async kill() {
      child.kill('SIGKILL')
      await once(child, 'exit')
    },
    start,
  }
}

let gate = Promise.withResolvers<void>()

async function answer(response: ServerResponse, { url, body }: { url: string; body: string }): Promise<void> {
  const request = { path: url, headers: {}, body: JSON.parse(body), hungUp: false }
  const spoken = dialectOf(request)
  if (!spoken?.asks) return void response.writeHead(404).end()
  const { dialect } = spoken
  const key = /key=([0-9a-f-]+)/.exec(dialect.questions(request).at(-1) ?? '')?.[1] ?? 'none'
  response.writeHead(200, { 'content-type': 'text/event-stream' }).write(dialect.begin())
  for (const [i, word] of answerTo(key).entries()) {
    if (i === WORDS / 2 && dialect.model(request) === 'held') await gate.promise
    response.write(dialect.text(word))
    await pause(PAUSE_MS)
  }
  response.end(dialect.end('stop'))
}

if (process.argv[1] === SELF) {
  const server = createServer(async (request, response) => {
    await answer(response, { url: request.url ?? '', body: await readText(request) })
  })
  server.listen(Number(process.argv[2]), '127.0.0.1', () => process.send?.((server.address() as AddressInfo).port))
  process.on('message', () => {
    gate.resolve()
    gate = Promise.withResolvers()
  })
  // The one who started it is gone.
  process.on('disconnect', () => process.exit())
}
