/** Any model server that speaks OpenAI's protocol, called through the egress guard and no other way. */
import { createOpenAICompatible } from '@ai-sdk/openai-compatible'
import { APICallError, type LanguageModelV4 } from '@ai-sdk/provider'
import { z } from 'zod'
import type { TestResult } from '#contract/models.ts'
import { Failure } from '#server/kernel/failure.ts'
import { type Egress, ResponseTooLarge } from './egress.ts'
import { AnswerTrouble, explainProviderFailure, parsedJson } from './provider-failure.ts'
import { streamAnswer } from './stream-answer.ts'

export interface ModelServer {
  readonly baseUrl: string
  readonly apiKey: string | null
  readonly egress: Egress
}

/** A model of that server. Nothing is called until it is asked something. */
export function openModel({ model, ...server }: ModelServer & { readonly model: string }): LanguageModelV4 {
  return createOpenAICompatible({
    name: 'openaiCompatible',
    baseURL: server.baseUrl,
    ...(server.apiKey === null ? {} : { apiKey: server.apiKey }),
    fetch: withoutEchoedKey(server),
    // No `includeUsage`: servers that check their input strictly (Mistral's) refuse the whole request for it.
  }).chatModel(model)
}

export interface TestRequest extends ModelServer {
  readonly model?: string | undefined
  readonly now: () => number
  readonly timeoutMs?: number
}

/**
 * Calls the server as a chat would and reports what happened, in words. Rejects only with the Failure of an address that
 * may not be called. Where no HTTP answer came the sentence is always the same, so that a test is no port scanner.
 */
export async function testServer(request: TestRequest): Promise<TestResult> {
  const { model, now, timeoutMs = 30_000 } = request
  await request.egress.check(request.baseUrl)
  const start = now()
  const report = (ok: boolean, sentence: string, models: string[]): TestResult => ({
    ok,
    latencyMs: Math.max(0, Math.round(now() - start)),
    models,
    sentence,
  })
  const list = await attempt(() => listModels(request, timeoutMs))
  if ('error' in list && (model === undefined || isSilence(list.error)))
    return report(false, explainProviderFailure(list.error).sentence, [])
  const models = 'error' in list ? [] : list.value
  if (model === undefined) return report(true, `The server answers and offers ${counted(models.length)}.`, models)
  const answer = await attempt(() => askBriefly({ ...request, model }, timeoutMs))
  return 'error' in answer
    ? report(false, explainProviderFailure(answer.error).sentence, models)
    : report(true, `“${model}” answers.`, models)
}

const counted = (models: number) => (models === 1 ? '1 model' : `${models} models`)

const isSilence = (error: unknown) => error instanceof AnswerTrouble && error.kind === 'unreachable'

async function attempt<T>(work: () => Promise<T>): Promise<{ value: T } | { error: unknown }> {
  try {
    return { value: await work() }
  } catch (error) {
    if (error instanceof Failure) throw error
    return { error }
  }
}

const ModelList = z.object({ data: z.array(z.object({ id: z.string().min(1).max(200) })) })

async function listModels(server: ModelServer, timeoutMs: number): Promise<string[]> {
  const url = `${server.baseUrl.replace(/\/+$/, '')}/models`
  const headers: Record<string, string> = server.apiKey === null ? {} : { authorization: `Bearer ${server.apiKey}` }
  const { response, body } = await read(server, url, { headers, signal: AbortSignal.timeout(timeoutMs) })
  if (!response.ok) {
    throw new APICallError({ message: response.statusText, url, requestBodyValues: {}, statusCode: response.status, responseBody: body })
  }
  const parsed = ModelList.safeParse(parsedJson(body))
  if (!parsed.success) throw new AnswerTrouble('garbled')
  return parsed.data.data.map(({ id }) => id)
}

async function read(server: ModelServer, url: string, init: RequestInit): Promise<{ response: Response; body: string }> {
  try {
    const response = await withoutEchoedKey(server)(url, init)
    return { response, body: await response.text() }
  } catch (error) {
    throw error instanceof Failure || error instanceof ResponseTooLarge ? error : new AnswerTrouble('unreachable')
  }
}

/** One question, and a hang-up at the first word: no length limit is sent, because each kind of model wants it named differently. */
async function askBriefly(server: ModelServer & { readonly model: string }, timeoutMs: number): Promise<void> {
  const answered = new AbortController()
  const heard = new Error('It answers.')
  const answer = streamAnswer({
    model: openModel(server),
    messages: [{ role: 'user', text: 'Say “yes”.' }],
    signal: answered.signal,
    onText: () => answered.abort(heard),
    onCitation: () => undefined,
    firstTokenTimeoutMs: timeoutMs,
    totalTimeoutMs: timeoutMs,
  })
  await answer.catch((error: unknown) => {
    if (error !== heard) throw error
  })
}

/** A server that quotes the key in its error would put it before everybody who asks. */
function withoutEchoedKey({ apiKey, egress }: ModelServer): typeof globalThis.fetch {
  return async (input, init) => {
    const response = await egress.fetch(input, init)
    if (response.ok || apiKey === null) return response
    const { status, statusText, headers } = response
    return new Response((await response.text()).replaceAll(apiKey, '…') || null, { status, statusText, headers })
  }
}
