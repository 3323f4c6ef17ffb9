/**
 * A model server that speaks the protocols of OpenAI, Anthropic and Google over real HTTP and does what the test says, well
 * or badly. The name of the model asked for chooses what happens, and `script` overrides it for the calls that come next.
 */
import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text as readText } from 'node:stream/consumers'
import { setTimeout as pause } from 'node:timers/promises'
import type { ProviderKind } from '#contract/models.ts'
import { TITLE_INSTRUCTIONS } from '#server/features/messages/titles.ts'
import { type Dialect, dialectOf, GOOGLE_BLOCKED, type Refusal, type RefusalName } from './model-dialects.ts'

/** How the product asks for a title, as it stands in a request. */
const NAMES_CHATS = JSON.stringify(TITLE_INSTRUCTIONS).slice(1, -1)

export interface ModelRequest {
  readonly path: string
  readonly headers: NodeJS.Dict<string | string[]>
  readonly body: {
    readonly model?: string
    readonly messages?: readonly { role: string; content: unknown }[]
    readonly contents?: readonly { role: string; parts: unknown }[]
  }
  /** True once the caller has hung up before the reply was complete. */
  hungUp: boolean
}

/** What a call gets: a refusal of the vendor or a name of `BEHAVIOURS`, a text to stream by words or in these pieces, or a refusal that the test words. */
export type Behaviour = RefusalName | keyof typeof BEHAVIOURS | { readonly text: string } | { readonly pieces: readonly string[] } | Refusal

export interface ModelServer {
  /** Base address for OpenAI's protocol, ending in `/v1`. */
  readonly url: string
  /** Base address for each kind of provider. */
  readonly urls: Readonly<Record<ProviderKind, string>>
  readonly port: number
  /** What SARDONYX_EGRESS_ALLOW has to hold for it to be called. */
  readonly allow: string
  /** Every request so far, in order. */
  readonly requests: readonly ModelRequest[]
  /** Every request for a title of a chat. They count as nothing else, and are refused where the test scripts none. */
  readonly namings: readonly ModelRequest[]
  scriptTitles(...behaviours: Behaviour[]): void
  /** The next chat calls get these, one each, whatever model they name. */
  script(...behaviours: Behaviour[]): void
  /** Lets the `slow` and `hang` calls that have been reached so far go on; later ones wait again. */
  release(): void
  /** What the `told` call whose question ends with this word goes on to say, whether it has been reached or will be. */
  tell(word: string, text: string): void
  /** Resolves once this many chat calls have arrived since the start. */
  reached(calls: number): Promise<void>
  close(): Promise<void>
}

interface Call {
  readonly request: ModelRequest
  readonly response: ServerResponse
  readonly dialect: Dialect
  readonly gate: Promise<void>
  /** The next `release()` from now on. */
  readonly nextGate: () => Promise<void>
  readonly words: readonly string[]
  /** What it is told to say, once it is. */
  readonly told: () => Promise<string>
}

/** Starts the server on a free port of loopback. With `key`, every other key is refused as OpenAI refuses it. */
export async function startModelServer(options: { key?: string } = {}): Promise<ModelServer> {
  const requests: ModelRequest[] = []
  const queue: Behaviour[] = []
  const namings: ModelRequest[] = []
  const titles: Behaviour[] = []
  let gate = Promise.withResolvers<void>()
  const begun = new EventTarget()
  let calls = 0
  const told = new Map<string, PromiseWithResolvers<string>>()
  const tellingOf = (word: string) => {
    const telling = told.get(word) ?? Promise.withResolvers<string>()
    told.set(word, telling)
    return telling
  }

  const serve = async (incoming: IncomingMessage, response: ServerResponse) => {
    const text = await readText(incoming)
    const namesChat = text.includes(NAMES_CHATS)
    const request: ModelRequest = { path: incoming.url ?? '', headers: incoming.headers, body: text ? JSON.parse(text) : {}, hungUp: false }
    ;(namesChat ? namings : requests).push(request)
    response.on('close', () => (request.hungUp = !response.writableFinished))
    const spoken = dialectOf(request)
    if (!spoken) return unknown(request, response)
    const { dialect, asks } = spoken
    const given = String(incoming.headers[dialect.key.header] ?? '').slice(dialect.key.before.length)
    if (options.key && given !== options.key) return refuse({ response, dialect }, wrongKey(dialect, given))
    if (!asks) return json(response, dialect.list([...Object.keys(dialect.refusals), ...Object.keys(BEHAVIOURS)]))
    await converse({ request, response, dialect }, namesChat)
  }
  const converse = async ({ request, response, dialect }: Pick<Call, 'request' | 'response' | 'dialect'>, namesChat: boolean) => {
    const words = wordsOf(questionIn(request, dialect))
    const call = {
      request,
      response,
      dialect,
      gate: gate.promise,
      nextGate: () => gate.promise,
      words,
      told: () => tellingOf(words.at(-1) ?? '').promise,
    }
    if (namesChat) return answer(titles.shift() ?? 'wrong-key', call)
    const behaviour = queue.shift() ?? dialect.model(request)
    calls += 1
    begun.dispatchEvent(new Event('call'))
    await answer(behaviour, call)
  }
  const server = createServer((incoming, response) => void serve(incoming, response))
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  const url = `http://127.0.0.1:${port}/v1`

  return {
    url,
    urls: { openai_compatible: url, openai: url, anthropic: url, google: `${url}beta` },
    port,
    allow: `127.0.0.1:${port}`,
    requests,
    namings,
    scriptTitles: (...behaviours) => void titles.push(...behaviours),
    script: (...behaviours) => void queue.push(...behaviours),
    release() {
      gate.resolve()
      gate = Promise.withResolvers()
    },
    tell: (word, text) => tellingOf(word).resolve(text),
    async reached(wanted) {
      while (calls < wanted) await once(begun, 'call')
    },
    async close() {
      gate.resolve()
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    },
  }
}

function unknown({ path }: ModelRequest, response: ServerResponse): void {
  json(response, { error: { message: `Unknown address ${path}` } }, { status: 404 })
}

const questionIn = (request: ModelRequest, dialect: Dialect) => dialect.questions(request).at(-1) ?? ''

/** A careless server quotes what it was given. */
function wrongKey(dialect: Dialect, given: string): Refusal {
  const { 'wrong-key': wrong } = dialect.refusals
  return { ...wrong, message: wrong.message.replace(/( provided)?\.?$/, `$1: ${given}.`) }
}

/** Streams, by name. Each writes the whole reply. */
const BEHAVIOURS = {
  /** Says the question back, word by word. */
  echo: (call: Call) => stream(call, call.words),
  /** Half of it, then waits for `release()`, then the rest. */
  slow: async (call: Call) => {
    const half = Math.ceil(call.words.length / 2)
    head(call)
    say(call, call.words.slice(0, half))
    await call.gate
    stream(call, call.words.slice(half))
  },
  /** A word, and another after each `release()`. */
  steps: async (call: Call) => {
    head(call)
    for (const [i, word] of call.words.entries()) {
      if (i > 0) await call.nextGate()
      say(call, [word])
    }
    stream(call, [])
  },
  /** A word, and then what it is told to say. */
  told: async (call: Call) => {
    head(call)
    say(call, ['Well, '])
    stream(call, wordsOf(await call.told()))
  },
  /** Nothing at all, not even headers, until `release()`. */
  hang: async (call: Call) => {
    await call.gate
    stream(call, call.words)
  },
  /** Half of it, then the connection breaks. */
  cut: async (call: Call) => {
    half(call)
    // So that the half is on its way before the socket goes.
    await pause(20)
    call.response.destroy()
  },
  /** Half of it, then a clean end without a finish reason. */
  'silent-end': (call: Call) => {
    half(call)
    call.response.end()
  },
  malformed: (call: Call) => {
    half(call)
    call.response.end('data: {"choices": [{"delta"\n\n')
  },
  'mid-error': (call: Call) => {
    half(call)
    call.response.end(call.dialect.error('The model ran out of memory.'))
  },
  /** Status 200, and then an error instead of a word. */
  'early-error': (call: Call) => {
    head(call)
    call.response.end(call.dialect.error('The model ran out of memory.'))
  },
  /** Google streams it where the question itself is refused. */
  blocked: ({ response }: Call) => void response.writeHead(200, { 'content-type': 'text/event-stream' }).end(GOOGLE_BLOCKED),
  /** Text of about 300 KB. */
  long: (call: Call) =>
    stream(
      call,
      Array.from({ length: 6_000 }, (_, i) => `Sentence number ${i + 1} of a long answer, to be read slowly. `),
    ),
  /** A word, and after `release()` more than a socket holds that nobody reads. */
  flood: async (call: Call) => {
    head(call)
    say(call, ['Now: '])
    await call.gate
    for (let i = 0; i < 48; i++) {
      say(call, ['0123456789'.repeat(1_000)])
      await pause(40)
    }
    stream(call, [])
  },
  /** Every byte in a write of its own, so that no character of `UNICODE` arrives whole. */
  unicode: async (call: Call) => {
    head(call)
    for (const byte of Buffer.from(call.dialect.text(UNICODE))) {
      call.response.write(Buffer.of(byte))
      await pause(0)
    }
    stream(call, [])
  },
  reasoning: (call: Call) => {
    head(call)
    call.response.write(call.dialect.thought('Let me think.'))
    stream(call, call.words)
  },
  'out-of-tokens': (call: Call) => stream(call, call.words, 'length'),
  filtered: (call: Call) => stream(call, call.words, 'filtered'),
  declines: (call: Call) => {
    head(call)
    call.response.write(call.dialect.declining('I cannot help with that.'))
    stream(call, [])
  },
  empty: (call: Call) => stream(call, []),
  'not-json': ({ response }: Call) =>
    void response.writeHead(200, { 'content-type': 'text/html' }).end('<html><body>Welcome to nginx!</body></html>'),
  broken: ({ response }: Call) => void response.writeHead(500, { 'content-type': 'text/html', 'retry-after-ms': '5' }).end('<h1>500</h1>'),
  redirect: ({ response }: Call) => void response.writeHead(307, { location: 'http://169.254.169.254/latest' }).end(),
} as const satisfies Record<string, (call: Call) => void | Promise<void>>

/** What the model `unicode` says. */
export const UNICODE = 'naïve café — 日本語 👩‍👩‍👧 ﷽ 𝔘nicode'

async function answer(behaviour: string | Exclude<Behaviour, string>, call: Call): Promise<void> {
  if (typeof behaviour === 'object') {
    if ('pieces' in behaviour) return stream(call, behaviour.pieces)
    return 'text' in behaviour ? stream(call, wordsOf(behaviour.text)) : refuse(call, behaviour)
  }
  const { refusals, unknownModel } = call.dialect
  if (Object.hasOwn(refusals, behaviour)) return refuse(call, refusals[behaviour as RefusalName])
  if (!Object.hasOwn(BEHAVIOURS, behaviour)) return refuse(call, unknownModel(behaviour))
  await BEHAVIOURS[behaviour as keyof typeof BEHAVIOURS](call)
}

const wordsOf = (text: string) => text.match(/\S+\s*|\s+/g) ?? []

function head({ response, dialect }: Call): void {
  response.writeHead(200, { 'content-type': 'text/event-stream' }).flushHeaders()
  response.write(dialect.begin())
}

function say({ response, dialect }: Call, words: readonly string[]): void {
  for (const word of words) response.write(dialect.text(word))
}

function half(call: Call): void {
  head(call)
  say(call, call.words.slice(0, Math.ceil(call.words.length / 2)))
}

/** The words as a stream, or as the rest of one. */
function stream(call: Call, words: readonly string[], how: 'stop' | 'length' | 'filtered' = 'stop'): void {
  if (!call.response.headersSent) head(call)
  say(call, words)
  call.response.end(call.dialect.end(how))
}

function refuse({ response, dialect }: Pick<Call, 'response' | 'dialect'>, refusal: Refusal): void {
  json(response, dialect.refusal(refusal), refusal)
}

function json(
  response: ServerResponse,
  body: object,
  { status = 200, headers = {} }: { status?: number; headers?: Readonly<Record<string, string>> | undefined } = {},
): void {
  response.writeHead(status, { ...headers, 'content-type': 'application/json' }).end(JSON.stringify(body))
}
