/**
 * A model server that speaks OpenAI's protocol over real HTTP and does what the test says, well or badly. The name of the
 * model asked for chooses what happens, and `script` overrides it for the calls that come next.
 */
import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text as readText } from 'node:stream/consumers'
import { setTimeout as pause } from 'node:timers/promises'

export interface ModelRequest {
  readonly path: string
  readonly headers: NodeJS.Dict<string | string[]>
  readonly body: { readonly model?: string; readonly stream?: boolean; readonly messages?: readonly { role: string; content: unknown }[] }
  /** True once the caller has hung up before the reply was complete. */
  hungUp: boolean
}

/** What a call gets: a name of `BEHAVIOURS`, a text to stream, or a refusal in OpenAI's form. */
export type Behaviour =
  | keyof typeof BEHAVIOURS
  | { readonly text: string }
  | { readonly status: number; readonly message: string; readonly code?: string; readonly headers?: Readonly<Record<string, string>> }

export interface ModelServer {
  /** Base address, ending in `/v1`. */
  readonly url: string
  readonly port: number
  /** What SARDONYX_EGRESS_ALLOW has to hold for it to be called. */
  readonly allow: string
  /** Every request so far, in order. */
  readonly requests: readonly ModelRequest[]
  /** The next chat calls get these, one each, whatever model they name. */
  script(...behaviours: Behaviour[]): void
  /** Lets the `slow` and `hang` calls that have been reached so far go on; later ones wait again. */
  release(): void
  /** Resolves once this many chat calls have arrived since the start. */
  reached(calls: number): Promise<void>
  close(): Promise<void>
}

interface Call {
  readonly request: ModelRequest
  readonly response: ServerResponse
  readonly gate: Promise<void>
  readonly words: readonly string[]
}

/** Starts the server on a free port of loopback. With `key`, every other key is refused as OpenAI refuses it. */
export async function startModelServer(options: { key?: string } = {}): Promise<ModelServer> {
  const requests: ModelRequest[] = []
  const queue: Behaviour[] = []
  let gate = Promise.withResolvers<void>()
  const begun = new EventTarget()
  let calls = 0

  const serve = async (incoming: IncomingMessage, response: ServerResponse) => {
    const text = await readText(incoming)
    const request: ModelRequest = { path: incoming.url ?? '', headers: incoming.headers, body: text ? JSON.parse(text) : {}, hungUp: false }
    requests.push(request)
    response.on('close', () => (request.hungUp = !response.writableFinished))
    const given = incoming.headers.authorization?.slice('Bearer '.length)
    // A careless server quotes what it was given.
    if (options.key && given !== options.key)
      return refuse(response, { ...REFUSALS['wrong-key'], message: `Incorrect API key provided: ${given}.` })
    if (request.path === '/v1/models') return json(response, { object: 'list', data: NAMES.map((id) => ({ id, object: 'model' })) })
    if (request.path !== '/v1/chat/completions') return refuse(response, { status: 404, message: `Unknown address ${request.path}` })
    const behaviour = queue.shift() ?? request.body.model ?? ''
    const call = { request, response, gate: gate.promise, words: wordsOf(lastQuestion(request)) }
    calls += 1
    begun.dispatchEvent(new Event('call'))
    await answer(behaviour, call)
  }
  const server = createServer((incoming, response) => void serve(incoming, response))
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo

  return {
    url: `http://127.0.0.1:${port}/v1`,
    port,
    allow: `127.0.0.1:${port}`,
    requests,
    script: (...behaviours) => void queue.push(...behaviours),
    release() {
      gate.resolve()
      gate = Promise.withResolvers()
    },
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

type Refusal = { status: number; message: string; code?: string; headers?: Readonly<Record<string, string>> }

const REFUSALS = {
  'wrong-key': { status: 401, message: 'Incorrect API key provided.', code: 'invalid_api_key' },
  'no-credit': {
    status: 429,
    message: 'You exceeded your current quota, please check your plan and billing details.',
    code: 'insufficient_quota',
  },
  'payment-required': { status: 402, message: 'Insufficient credits.' },
  'not-permitted': { status: 403, message: 'Your project has no access to this model.' },
  'rate-limited': {
    status: 429,
    message: 'Rate limit reached for requests.',
    code: 'rate_limit_exceeded',
    headers: { 'retry-after-ms': '5' },
  },
  overloaded: { status: 503, message: 'The engine is currently overloaded, please try again later.', headers: { 'retry-after-ms': '5' } },
  'too-long': { status: 400, message: "This model's maximum context length is 8192 tokens.", code: 'context_length_exceeded' },
  refused: { status: 400, message: 'Your request was rejected as a result of our safety system.', code: 'content_policy_violation' },
} as const satisfies Record<string, Refusal>

/** Streams, by name. Each writes the whole reply. */
const BEHAVIOURS = {
  ...REFUSALS,
  /** Says the question back, word by word. */
  echo: (call: Call) => stream(call, call.words),
  /** Half of it, then waits for `release()`, then the rest. */
  slow: async (call: Call) => {
    const half = Math.ceil(call.words.length / 2)
    head(call)
    for (const word of call.words.slice(0, half)) delta(call, { content: word })
    await call.gate
    for (const word of call.words.slice(half)) delta(call, { content: word })
    finish(call, 'stop')
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
    event(call, { error: { message: 'The model ran out of memory.', type: 'server_error', code: null } })
    call.response.end('data: [DONE]\n\n')
  },
  /** Text of about 300 KB. */
  long: (call: Call) =>
    stream(
      call,
      Array.from({ length: 6_000 }, (_, i) => `Sentence number ${i + 1} of a long answer, to be read slowly. `),
    ),
  /** Every byte in a write of its own, so that no character of `UNICODE` arrives whole. */
  unicode: async (call: Call) => {
    head(call)
    for (const byte of Buffer.from(sse({ choices: [{ index: 0, delta: { content: UNICODE } }] }))) {
      call.response.write(Buffer.of(byte))
      await pause(0)
    }
    finish(call, 'stop')
  },
  reasoning: (call: Call) => {
    head(call)
    delta(call, { reasoning_content: 'Let me think.' })
    stream(call, call.words)
  },
  'out-of-tokens': (call: Call) => stream(call, call.words, 'length'),
  filtered: (call: Call) => stream(call, call.words, 'content_filter'),
  declines: (call: Call) => {
    head(call)
    delta(call, { refusal: 'I cannot help with that.' })
    finish(call, 'stop')
  },
  empty: (call: Call) => stream(call, []),
  'not-json': ({ response }: Call) =>
    void response.writeHead(200, { 'content-type': 'text/html' }).end('<html><body>Welcome to nginx!</body></html>'),
  broken: ({ response }: Call) => void response.writeHead(500, { 'content-type': 'text/html', 'retry-after-ms': '5' }).end('<h1>500</h1>'),
  redirect: ({ response }: Call) => void response.writeHead(307, { location: 'http://169.254.169.254/latest' }).end(),
} as const satisfies Record<string, Refusal | ((call: Call) => void | Promise<void>)>

const NAMES = Object.keys(BEHAVIOURS)

/** What the model `unicode` says. */
export const UNICODE = 'naïve café — 日本語 👩‍👩‍👧 ﷽ 𝔘nicode'

async function answer(behaviour: string | Exclude<Behaviour, string>, call: Call): Promise<void> {
  if (typeof behaviour === 'object') {
    return 'text' in behaviour ? stream(call, wordsOf(behaviour.text)) : refuse(call.response, behaviour)
  }
  if (!Object.hasOwn(BEHAVIOURS, behaviour)) {
    return refuse(call.response, { status: 404, message: `The model \`${behaviour}\` does not exist.`, code: 'model_not_found' })
  }
  const chosen: Refusal | ((call: Call) => void | Promise<void>) = BEHAVIOURS[behaviour as keyof typeof BEHAVIOURS]
  if (typeof chosen === 'object') return refuse(call.response, chosen)
  await chosen(call)
}

function lastQuestion({ body }: ModelRequest): string {
  const content = body.messages?.findLast(({ role }) => role === 'user')?.content
  return typeof content === 'string' ? content : ((content as { text?: string }[] | undefined) ?? []).map(({ text }) => text ?? '').join('')
}

const wordsOf = (text: string) => text.match(/\S+\s*|\s+/g) ?? []
const sse = (data: object) =>
  `data: ${JSON.stringify({ id: 'chatcmpl-1', object: 'chat.completion.chunk', created: 1, model: 'scripted', ...data })}\n\n`
const event = ({ response }: Call, data: object) => void response.write(sse(data))
const delta = (call: Call, content: object) => event(call, { choices: [{ index: 0, delta: content, finish_reason: null }] })

function head({ response }: Call): void {
  response.writeHead(200, { 'content-type': 'text/event-stream' }).flushHeaders()
}

function half(call: Call): void {
  head(call)
  for (const word of call.words.slice(0, Math.ceil(call.words.length / 2))) delta(call, { content: word })
}

function finish(call: Call, reason: string): void {
  event(call, {
    choices: [{ index: 0, delta: {}, finish_reason: reason }],
    usage: { prompt_tokens: 7, completion_tokens: 11, total_tokens: 18 },
  })
  call.response.end('data: [DONE]\n\n')
}

/** The words as a stream, or as one reply where the caller asked for no stream. */
function stream(call: Call, words: readonly string[], reason = 'stop'): void {
  if (!call.request.body.stream) {
    const message = { role: 'assistant', content: words.join('') }
    json(call.response, { id: 'chatcmpl-1', object: 'chat.completion', choices: [{ index: 0, message, finish_reason: reason }] })
    return
  }
  if (!call.response.headersSent) head(call)
  for (const word of words) delta(call, { content: word })
  finish(call, reason)
}

function refuse(response: ServerResponse, { status, message, code, headers }: Refusal): void {
  json(response, { error: { message, type: 'invalid_request_error', param: null, code: code ?? null } }, { status, headers })
}

function json(
  response: ServerResponse,
  body: object,
  { status = 200, headers = {} }: { status?: number; headers?: Readonly<Record<string, string>> | undefined } = {},
): void {
  response.writeHead(status, { ...headers, 'content-type': 'application/json' }).end(JSON.stringify(body))
}
