/**
 * One answer of one model, as it is written. Either the model finished it, or this rejects: an answer that breaks off is
 * never taken for a whole one. The AI SDK reads streams here and nowhere else, so a faster reader can take its place.
 */
import type { LanguageModelV4 } from '@ai-sdk/provider'
import { type FinishReason, streamText } from 'ai'
import { Citation } from '#contract/chats.ts'
import { AnswerTrouble, withoutContent } from './provider-failure.ts'

// The SDK reports unsupported settings to the console, where nobody who could act on them looks.
globalThis.AI_SDK_LOG_WARNINGS = false

/** More than models write, and little enough that a page of such answers can be read at once. */
const LONGEST_ANSWER = 500_000

export interface AnswerRequest {
  readonly model: LanguageModelV4
  readonly messages: readonly { readonly role: 'user' | 'assistant'; readonly text: string }[]
  readonly system?: string
  readonly signal: AbortSignal
  readonly onText: (delta: string) => void
  readonly onCitation: (citation: Citation) => void
  /** From the call to the first sign of life: text, or a model's thinking. */
  readonly firstTokenTimeoutMs: number
  readonly totalTimeoutMs: number
}

export interface Answered {
  /** `length`: the model reached the most it may write, so the text ends in the middle. */
  readonly finish: 'complete' | 'length'
  /** Where the provider counts them. */
  readonly usage?: { readonly inputTokens: number; readonly outputTokens: number }
}

/**
 * Resolves once the model has finished; rejects with an AnswerTrouble, the Failure of an address that may not be called, or the
 * reason of `signal`. What came before that was handed to `onText`, each piece once and in order. A call that fails before its
 * first piece is tried once more where that makes sense; afterwards never, since text already shown cannot be taken back.
 */
export async function streamAnswer(request: AnswerRequest): Promise<Answered> {
  const { model, messages, system } = request
  const end = new AbortController()
  const signal = AbortSignal.any([request.signal, end.signal])
  const slowStart = setTimeout(() => end.abort(new AnswerTrouble('slow_start')), request.firstTokenTimeoutMs)
  const tooSlow = setTimeout(() => end.abort(new AnswerTrouble('too_slow')), request.totalTimeoutMs)
  try {
    const { stream } = streamText({
      model,
      messages: messages.filter(({ text }) => text.trim() !== '').map(({ role, text }) => ({ role, content: text })),
      ...(system === undefined ? {} : { instructions: system }),
      abortSignal: signal,
      maxRetries: 1,
      telemetry: { isEnabled: false },
      // The error comes as a part of the stream as well; without this the SDK prints it.
      onError: () => undefined,
    })
    return await follow(stream, request, () => clearTimeout(slowStart))
  } catch (error) {
    throw signal.aborted ? signal.reason : withoutContent(error)
  } finally {
    clearTimeout(slowStart)
    clearTimeout(tooSlow)
    end.abort()
  }
}

type Stream = ReturnType<typeof streamText>['stream']

async function follow(stream: Stream, { onText, onCitation }: AnswerRequest, onLife: () => void): Promise<Answered> {
  let written = 0
  for await (const part of stream) {
    if (part.type === 'text-delta' || part.type === 'reasoning-delta') onLife()
    if (part.type === 'text-delta' && part.text !== '') {
      written = bounded(written + part.text.length)
      onText(part.text)
    }
    if (part.type === 'source' && part.providerMetadata?.sardonyx) onCitation(Citation.parse(part.providerMetadata.sardonyx.citation))
    if (part.type === 'error') throw part.error
    if (part.type === 'finish') return finished(part, written > 0)
  }
  throw new AnswerTrouble('cut')
}

function bounded(length: number): number {
  if (length > LONGEST_ANSWER) throw new AnswerTrouble('too_large')
  return length
}

interface Finish {
  readonly finishReason: FinishReason
  readonly rawFinishReason: string | undefined
  readonly totalUsage: { readonly inputTokens: number | undefined; readonly outputTokens: number | undefined }
}

function finished({ finishReason, rawFinishReason, totalUsage }: Finish, wrote: boolean): Answered {
  if (finishReason === 'error' || finishReason === 'interrupted') throw new AnswerTrouble('cut')
  // A model that declines in its own words ends with `stop` and has answered; the provider's filter takes the answer away.
  if (finishReason === 'content-filter' && rawFinishReason !== 'stop') throw new AnswerTrouble('filtered')
  if (!wrote) throw new AnswerTrouble('empty')
  const { inputTokens, outputTokens } = totalUsage
  const usage = inputTokens === undefined || outputTokens === undefined ? {} : { usage: { inputTokens, outputTokens } }
  return { finish: finishReason === 'length' ? 'length' : 'complete', ...usage }
}
