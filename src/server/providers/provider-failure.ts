/**
 * Puts what went wrong at a model provider into a sentence for the person who asked. The provider's own reason is quoted,
 * shortened and cleaned; keys, addresses and anything of ours never appear in it.
 */
import { AISDKError, APICallError, InvalidResponseDataError, JSONParseError, TypeValidationError } from '@ai-sdk/provider'
import { RetryError, StreamProviderError } from 'ai'
import { Failure } from '#server/kernel/failure.ts'
import { readJson } from '#server/kernel/json.ts'
import { ResponseTooLarge } from './egress.ts'

export interface Explanation {
  readonly sentence: string
  /** Whether asking the same again may help. */
  readonly retry: boolean
}

const TROUBLES = {
  slow_start: { sentence: 'The model did not begin to answer in time.', retry: true },
  too_slow: { sentence: 'The answer took too long and was ended.', retry: true },
  filtered: { sentence: 'The content filter of the model provider ended the answer.', retry: false },
  empty: { sentence: 'The model answered with nothing.', retry: true },
  cut: { sentence: 'The connection to the model broke before the answer was complete.', retry: true },
  unreachable: {
    sentence: 'No answer came from the model server. It may be down, or its address or certificate may be wrong.',
    retry: true,
  },
  garbled: { sentence: 'The model server sent something that is not an answer. Its address may be wrong.', retry: true },
  too_large: { sentence: 'The model server sent more than this server accepts.', retry: false },
  stopped: { sentence: 'The answer was stopped.', retry: true },
  unknown: { sentence: 'Something went wrong while the answer was written.', retry: true },
} as const satisfies Record<string, Explanation>

/** An answer that failed, as an error that may be logged: what a provider said is given to those who ask for the explanation only. */
export class AnswerTrouble extends Error {
  override readonly name = 'AnswerTrouble'
  readonly kind: keyof typeof TROUBLES | 'reported'
  /** The status with which the provider refused, or the code of what broke. */
  readonly code: string | number | undefined
  readonly #explanation: Explanation
  constructor(trouble: keyof typeof TROUBLES | { readonly explanation: Explanation; readonly code: string | number | undefined }) {
    const reported = typeof trouble === 'object'
    super(reported ? `The call to the model provider failed (${trouble.code ?? 'no code'}).` : TROUBLES[trouble].sentence)
    this.code = reported ? trouble.code : undefined
    this.kind = reported ? 'reported' : trouble
    this.#explanation = reported ? trouble.explanation : TROUBLES[trouble]
  }

  get explanation(): Explanation {
    return this.#explanation
  }
}

/** The SDK's errors carry what was asked and what came back; this gives the same trouble without. Other errors stay as they are. */
export function withoutContent(thrown: unknown): unknown {
  const error = RetryError.isInstance(thrown) ? thrown.lastError : thrown
  if (!AISDKError.isInstance(error)) return error
  const status = APICallError.isInstance(error) || StreamProviderError.isInstance(error) ? error.statusCode : undefined
  const code = causes(error)
    .map((cause) => record(cause).code)
    .find((found) => typeof found === 'string' && /^[A-Z_]+$/.test(found))
  return new AnswerTrouble({ explanation: explainProviderFailure(error), code: status ?? (code as string | undefined) })
}

interface Said {
  readonly status: number
  readonly code: string
  readonly reason: string
}

/** The first rule that fits decides; codes and phrases come first, since providers choose statuses freely. */
const RULES: readonly { readonly fits: (said: Said) => boolean; readonly sentence: string; readonly retry: boolean }[] = [
  {
    fits: ({ code, reason }) =>
      /context_length|context_window|string_above_max/.test(code) ||
      /context (length|window|size|limit)|(prompt|input) is too long|too many tokens|maximum number of tokens/i.test(reason),
    sentence: 'The conversation is too long for this model. Begin a new chat, or pick a model that takes more.',
    retry: false,
  },
  {
    fits: ({ status, code, reason }) =>
      status === 402 ||
      /insufficient_quota|billing|insufficient_balance/.test(code) ||
      /credit balance is too low|credits are depleted|enable billing/i.test(reason),
    sentence: 'The account at the model provider has no credit left. Ask an administrator.',
    retry: false,
  },
  {
    fits: ({ code, reason }) =>
      /content_policy|content_filter|safety/.test(code) || /content (policy|filter|management)|safety system|usage polic/i.test(reason),
    sentence: 'The model provider declined this question.',
    retry: false,
  },
  {
    fits: ({ status, code }) => status === 401 || /invalid_api_key|API_KEY_INVALID/.test(code),
    sentence: 'The model provider does not accept the key. An administrator can correct it under Models.',
    retry: false,
  },
  { fits: ({ status }) => status === 403, sentence: 'The model provider does not permit this. Ask an administrator.', retry: false },
  {
    fits: ({ status, code }) => status === 404 || /model_not_found/.test(code),
    sentence: 'The model provider does not know this model, or its address is wrong. An administrator can correct both under Models.',
    retry: false,
  },
  { fits: ({ status }) => status === 413, sentence: 'The conversation is too long for this model server. Begin a new chat.', retry: false },
  {
    fits: ({ status }) => status === 429,
    sentence: 'The model provider takes no more questions for the moment. Wait a little and try again.',
    retry: true,
  },
  {
    fits: ({ status, code, reason }) => status === 503 || status === 529 || /overloaded/i.test(code + reason),
    sentence: 'The model provider is overloaded. Wait a little and try again.',
    retry: true,
  },
  { fits: ({ status }) => status === 408 || status === 504, sentence: 'The model provider took too long.', retry: true },
  { fits: ({ status }) => status >= 500, sentence: 'The model provider had an error of its own.', retry: true },
  {
    fits: ({ status }) => status >= 300 && status < 400,
    sentence: 'The model server redirects to another address. An administrator can enter the final one under Models.',
    retry: false,
  },
  { fits: ({ status }) => status >= 400, sentence: 'The model provider rejected the request.', retry: false },
  { fits: () => true, sentence: 'The model provider reported an error.', retry: true },
]

/** Always an explanation, whatever was thrown: the provider's reason where it gave one, and no internals. */
export function explainProviderFailure(thrown: unknown): Explanation {
  const error = RetryError.isInstance(thrown) ? thrown.lastError : thrown
  if (error instanceof AnswerTrouble) return error.explanation
  if (error instanceof Failure) return { sentence: `${error.message} Ask an administrator.`, retry: false }
  if (causes(error).some((cause) => cause instanceof ResponseTooLarge)) return TROUBLES.too_large
  if (error instanceof Error && (error.name === 'AbortError' || error.name === 'TimeoutError')) return TROUBLES.stopped
  if (InvalidResponseDataError.isInstance(error)) return TROUBLES.cut
  if (JSONParseError.isInstance(error) || TypeValidationError.isInstance(error)) return TROUBLES.garbled
  if (APICallError.isInstance(error)) return explainCall(error)
  return StreamProviderError.isInstance(error) ? explainSaid(saidBy({ error }, error.statusCode ?? 0)) : TROUBLES.unknown
}

function explainCall(error: APICallError): Explanation {
  const { statusCode: status, cause } = error
  if (status === undefined) return TROUBLES.unreachable
  if (status < 300) return JSONParseError.isInstance(cause) || TypeValidationError.isInstance(cause) ? TROUBLES.garbled : TROUBLES.cut
  return explainSaid(saidBy(readJson(error.responseBody ?? ''), status))
}

function explainSaid(said: Said): Explanation {
  const { sentence, retry } = RULES.find(({ fits }) => fits(said)) as (typeof RULES)[number]
  return { sentence: said.reason === '' ? sentence : `${sentence} It says: “${said.reason}”`, retry }
}

/** Reads `{error: {message, code, type, status, details}}`, and what the less faithful servers send: `{error}`, `{message}`, `{detail}`. */
function saidBy(body: unknown, status: number): Said {
  const outer = record(body)
  const inner = record(outer.error)
  const reason = [inner.message, outer.error, outer.message, outer.detail].find((text) => typeof text === 'string')
  const details = Array.isArray(inner.details) ? inner.details.map((detail) => record(detail).reason) : []
  const code = [inner.code, inner.type, inner.status, ...details, outer.code, outer.type]
    .filter((text) => typeof text === 'string')
    .join(' ')
  return { status, code, reason: cleaned(reason ?? '') }
}

const record = (value: unknown): Record<string, unknown> =>
  typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {}

function cleaned(reason: string): string {
  const line = reason
    .slice(0, 2_000)
    .replace(/\b(sk|pk|gsk|key)-[\w*-]{8,}|\bAIza[\w-]{8,}|\bBearer\s+\S+/gi, '…')
    .replace(/[\p{C}\s]+/gu, ' ')
    .trim()
  const letters = [...line]
  return letters.length > 300 ? `${letters.slice(0, 299).join('')}…` : line
}

function causes(error: unknown): unknown[] {
  const found: unknown[] = []
  for (let next = error; next !== undefined && next !== null && found.length < 8; next = (next as { cause?: unknown }).cause)
    found.push(next)
  return found
}
