/**
 * The protocols that a scripted model server speaks, down to their errors: OpenAI's Chat Completions, Anthropic's Messages and
 * Google's streamGenerateContent, with what each vendor really says when it declines.
 */
import type { ModelRequest } from './model-server.ts'

export interface Refusal {
  readonly status: number
  readonly message: string
  readonly code?: string
  readonly headers?: Readonly<Record<string, string>>
}

export type RefusalName = keyof typeof OPENAI_REFUSALS

export interface Dialect {
  /** The header that carries the key, and what stands before the key in it. */
  readonly key: { readonly header: string; readonly before: string }
  readonly list: (names: readonly string[]) => object
  readonly model: (request: ModelRequest) => string
  /** The messages that the person wrote, the latest last. */
  readonly questions: (request: ModelRequest) => string[]
  readonly refusals: Readonly<Record<RefusalName, Refusal>>
  readonly unknownModel: (model: string) => Refusal
  /** The body of a refusal. */
  readonly refusal: (refusal: Refusal) => object
  /** Events of a stream: its beginning, a piece of text, a thought, a piece that declines, an error, and its end. */
  readonly begin: () => string
  readonly text: (text: string) => string
  readonly thought: (text: string) => string
  readonly declining: (text: string) => string
  readonly error: (message: string) => string
  readonly end: (how: 'stop' | 'length' | 'filtered') => string
}

const SOON = { 'retry-after-ms': '5' }

const OPENAI_REFUSALS = {
  'wrong-key': { status: 401, message: 'Incorrect API key provided.', code: 'invalid_api_key' },
  'no-credit': {
    status: 429,
    message: 'You exceeded your current quota, please check your plan and billing details.',
    code: 'insufficient_quota',
  },
  'payment-required': { status: 402, message: 'Insufficient credits.' },
  'not-permitted': { status: 403, message: 'Your project has no access to this model.' },
  'rate-limited': { status: 429, message: 'Rate limit reached for requests.', code: 'rate_limit_exceeded', headers: SOON },
  overloaded: { status: 503, message: 'The engine is currently overloaded, please try again later.', headers: SOON },
  'too-long': { status: 400, message: "This model's maximum context length is 8192 tokens.", code: 'context_length_exceeded' },
  refused: { status: 400, message: 'Your request was rejected as a result of our safety system.', code: 'content_policy_violation' },
  'timed-out': { status: 504, message: 'The request timed out.', headers: SOON },
} as const satisfies Record<string, Refusal>

const named = (event: { readonly type: string; readonly [field: string]: unknown }) =>
  `event: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`
const unnamed = (data: object) => `data: ${JSON.stringify(data)}\n\n`
const wordsIn = (content: unknown): string =>
  typeof content === 'string' ? content : ((content as { text?: string }[] | undefined) ?? []).map(({ text }) => text ?? '').join('')

const chunk = (data: object) => unnamed({ id: 'chatcmpl-1', object: 'chat.completion.chunk', created: 1, model: 'scripted', ...data })
const delta = (content: object) => chunk({ choices: [{ index: 0, delta: content, finish_reason: null }] })

const openai: Dialect = {
  key: { header: 'authorization', before: 'Bearer ' },
  list: (names) => ({ object: 'list', data: names.map((id) => ({ id, object: 'model' })) }),
  model: ({ body }) => body.model ?? '',
  questions: ({ body }) => (body.messages ?? []).filter(({ role }) => role === 'user').map(({ content }) => wordsIn(content)),
  refusals: OPENAI_REFUSALS,
  unknownModel: (model) => ({ status: 404, message: `The model \`${model}\` does not exist.`, code: 'model_not_found' }),
  refusal: ({ message, code }) => ({ error: { message, type: 'invalid_request_error', param: null, code: code ?? null } }),
  begin: () => '',
  text: (content) => delta({ content }),
  thought: (text) => delta({ reasoning_content: text }),
  declining: (refusal) => delta({ refusal }),
  error: (message) => `${unnamed({ error: { message, type: 'server_error', code: null } })}data: [DONE]\n\n`,
  end(how) {
    const reason = { stop: 'stop', length: 'length', filtered: 'content_filter' }[how]
    const usage = { prompt_tokens: 7, completion_tokens: 11, total_tokens: 18 }
    return `${chunk({ choices: [{ index: 0, delta: {}, finish_reason: reason }], usage })}data: [DONE]\n\n`
  },
}

const block = (type: 'text_delta' | 'thinking_delta', index: number, words: object) =>
  named({ type: 'content_block_delta', index, delta: { type, ...words } })

const anthropic: Dialect = {
  key: { header: 'x-api-key', before: '' },
  list: (names) => ({
    data: names.map((id) => ({ type: 'model', id, display_name: id, created_at: '2026-01-01T00:00:00Z' })),
    has_more: false,
    first_id: names[0],
    last_id: names.at(-1),
  }),
  model: openai.model,
  questions: openai.questions,
  refusals: {
    'wrong-key': { status: 401, message: 'invalid x-api-key', code: 'authentication_error' },
    'no-credit': {
      status: 400,
      message: 'Your credit balance is too low to access the Anthropic API. Please go to Plans & Billing to upgrade or purchase credits.',
      code: 'invalid_request_error',
    },
    'payment-required': { status: 402, message: 'There is a problem with your payment details.', code: 'billing_error' },
    'not-permitted': { status: 403, message: 'Your API key does not have permission to use this model.', code: 'permission_error' },
    'rate-limited': {
      status: 429,
      message: 'This request would exceed your organization’s rate limit of 50 requests per minute.',
      code: 'rate_limit_error',
      headers: SOON,
    },
    overloaded: { status: 529, message: 'Overloaded', code: 'overloaded_error', headers: SOON },
    'too-long': { status: 400, message: 'prompt is too long: 210000 tokens > 200000 maximum', code: 'invalid_request_error' },
    refused: { status: 400, message: 'Output blocked by content filtering policy', code: 'invalid_request_error' },
    'timed-out': { status: 504, message: 'Request timed out.', code: 'timeout_error', headers: SOON },
  },
  unknownModel: (model) => ({ status: 404, message: `model: ${model}`, code: 'not_found_error' }),
  refusal: ({ message, code }) => ({ type: 'error', error: { type: code ?? 'invalid_request_error', message }, request_id: 'req_1' }),
  begin: () =>
    named({
      type: 'message_start',
      message: {
        id: 'msg_1',
        type: 'message',
        role: 'assistant',
        model: 'scripted',
        content: [],
        stop_reason: null,
        stop_sequence: null,
        usage: { input_tokens: 7, output_tokens: 1 },
      },
    }) +
    named({ type: 'content_block_start', index: 0, content_block: { type: 'text', text: '' } }) +
    named({ type: 'ping' }),
  text: (text) => block('text_delta', 0, { text }),
  thought: (thinking) =>
    named({ type: 'content_block_start', index: 1, content_block: { type: 'thinking', thinking: '' } }) +
    block('thinking_delta', 1, { thinking }) +
    named({ type: 'content_block_stop', index: 1 }),
  declining: (text) => block('text_delta', 0, { text }),
  error: (message) => named({ type: 'error', error: { type: 'overloaded_error', message } }),
  end(how) {
    const reason = { stop: 'end_turn', length: 'max_tokens', filtered: 'refusal' }[how]
    return (
      named({ type: 'content_block_stop', index: 0 }) +
      named({ type: 'message_delta', delta: { stop_reason: reason, stop_sequence: null }, usage: { output_tokens: 11 } } as {
        type: string
      }) +
      named({ type: 'message_stop' })
    )
  },
}

const part = (content: object) =>
  unnamed({ candidates: [{ content: { role: 'model', parts: [content] }, index: 0 }], modelVersion: 'scripted' })

const google: Dialect = {
  key: { header: 'x-goog-api-key', before: '' },
  list: (names) => ({
    models: [
      ...names.map((name) => ({ name: `models/${name}`, supportedGenerationMethods: ['generateContent', 'countTokens'] })),
      { name: 'models/embedding-001', supportedGenerationMethods: ['embedContent'] },
    ],
  }),
  model: ({ path }) => /models\/([^:]+):/.exec(path)?.[1] ?? '',
  questions: ({ body }) => (body.contents ?? []).filter(({ role }) => role === 'user').map(({ parts }) => wordsIn(parts)),
  refusals: {
    'wrong-key': { status: 400, message: 'API key not valid. Please pass a valid API key.', code: 'API_KEY_INVALID' },
    'no-credit': {
      status: 429,
      message: 'Your prepayment credits are depleted. Please go to AI Studio to manage your project and billing.',
      code: 'RESOURCE_EXHAUSTED',
      headers: SOON,
    },
    'payment-required': {
      status: 400,
      message: 'This API is not available without a plan. Please enable billing on your project in Google AI Studio.',
      code: 'FAILED_PRECONDITION',
    },
    'not-permitted': { status: 403, message: 'The caller does not have permission', code: 'PERMISSION_DENIED' },
    'rate-limited': {
      status: 429,
      message: 'You exceeded your current quota, please check your plan and billing details.',
      code: 'RESOURCE_EXHAUSTED',
      headers: SOON,
    },
    overloaded: { status: 503, message: 'The model is overloaded. Please try again later.', code: 'UNAVAILABLE', headers: SOON },
    'too-long': {
      status: 400,
      message: 'The input token count (1200001) exceeds the maximum number of tokens allowed (1048576).',
      code: 'INVALID_ARGUMENT',
    },
    refused: { status: 400, message: 'The request was blocked by our safety system.', code: 'INVALID_ARGUMENT' },
    'timed-out': { status: 504, message: 'Deadline expired before operation could complete.', code: 'DEADLINE_EXCEEDED', headers: SOON },
  },
  unknownModel: (model) => ({
    status: 404,
    message: `models/${model} is not found for API version v1beta, or is not supported for generateContent.`,
    code: 'NOT_FOUND',
  }),
  refusal({ status, message, code = 'INVALID_ARGUMENT' }) {
    const known = code === 'API_KEY_INVALID'
    const info = { '@type': 'type.googleapis.com/google.rpc.ErrorInfo', reason: code, domain: 'googleapis.com' }
    return { error: { code: status, message, status: known ? 'INVALID_ARGUMENT' : code, ...(known ? { details: [info] } : {}) } }
  },
  begin: () => '',
  text: (text) => part({ text }),
  thought: (text) => part({ text, thought: true }),
  declining: (text) => part({ text }),
  error: (message) => unnamed({ error: { code: 500, message, status: 'INTERNAL' } }),
  end(how) {
    const finishReason = { stop: 'STOP', length: 'MAX_TOKENS', filtered: 'SAFETY' }[how]
    return unnamed({
      candidates: [{ content: { role: 'model', parts: [{ text: '' }] }, finishReason, index: 0 }],
      usageMetadata: { promptTokenCount: 7, candidatesTokenCount: 11, totalTokenCount: 18 },
    })
  },
}

/** What Google streams where it refuses the question itself. */
export const GOOGLE_BLOCKED = unnamed({
  promptFeedback: { blockReason: 'PROHIBITED_CONTENT' },
  usageMetadata: { promptTokenCount: 7, totalTokenCount: 7 },
})

/** The dialect that a request is in, and whether it asks a model; undefined for an address that no vendor has. */
export function dialectOf({ path, headers }: ModelRequest): { readonly dialect: Dialect; readonly asks: boolean } | undefined {
  const [address] = path.split('?')
  if (address === '/v1/chat/completions') return { dialect: openai, asks: true }
  if (address === '/v1/messages') return { dialect: anthropic, asks: true }
  if (address === '/v1/models') return { dialect: headers['anthropic-version'] ? anthropic : openai, asks: false }
  if (address === '/v1beta/models') return { dialect: google, asks: false }
  if (/^\/v1beta\/models\/[^/]+:streamGenerateContent\?alt=sse$/.test(path)) return { dialect: google, asks: true }
  return undefined
}
