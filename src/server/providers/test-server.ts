/** The Test button: calls a model server as a chat would, and says in words what came back; of what speaks no HTTP, nothing is learnt. */
import type { TestResult } from '#contract/models.ts'
import { Failure } from '#server/kernel/failure.ts'
import { listModels, type ModelServer, openModel } from './model-server.ts'
import { AnswerTrouble, explainProviderFailure } from './provider-failure.ts'
import { streamAnswer } from './stream-answer.ts'

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
