/** The Librarian in the form of a language model, so that all else treats it as one. It calls nobody and uses no tokens. */
import { setImmediate as othersTurn } from 'node:timers/promises'
import type {
  LanguageModelV4,
  LanguageModelV4CallOptions,
  LanguageModelV4Content,
  LanguageModelV4Source,
  LanguageModelV4StreamPart,
} from '@ai-sdk/provider'
import type { Model } from '#contract/models.ts'
import { answerTo, type Piece } from './answer.ts'
import type { Passage } from './passage.ts'

/** How it is offered beside other models. */
export const LIBRARIAN = {
  id: 'librarian',
  name: 'Librarian, search only',
  provider: 'this server',
  runsHere: true,
  builtIn: true,
} as const satisfies Model

/** Of a longer question the beginning is searched for: comparing every word of a book with every passage would hold up everyone. */
const LONGEST_QUESTION = 4_000

const USAGE = {
  inputTokens: { total: undefined, noCache: undefined, cacheRead: undefined, cacheWrite: undefined },
  outputTokens: { total: undefined, text: undefined, reasoning: undefined },
}
const FINISH = { finishReason: { unified: 'stop', raw: 'stop' }, usage: USAGE } as const

/** The model. `retrieve` finds what the asking person can read and may be quoted; the handbook is known here. */
export function librarianModel(options: {
  retrieve: (question: string, signal: AbortSignal) => Promise<readonly Passage[]>
}): LanguageModelV4 {
  const answer = ({ prompt, abortSignal }: LanguageModelV4CallOptions) => {
    const signal = abortSignal ?? new AbortController().signal
    return answerTo(lastQuestion(prompt).slice(0, LONGEST_QUESTION), (question) => options.retrieve(question, signal))
  }
  return {
    specificationVersion: 'v4',
    provider: 'sardonyx',
    modelId: LIBRARIAN.id,
    supportedUrls: {},
    async doGenerate(call) {
      const content = (await answer(call)).map(
        (piece): LanguageModelV4Content => (typeof piece === 'string' ? { type: 'text', text: piece } : sourceOf(piece)),
      )
      return { content, ...FINISH, warnings: [] }
    },
    async doStream(call) {
      return { stream: ReadableStream.from(streamed(await answer(call), call.abortSignal)) }
    },
  }
}

async function* streamed(pieces: readonly Piece[], signal: AbortSignal | undefined): AsyncGenerator<LanguageModelV4StreamPart> {
  yield { type: 'stream-start', warnings: [] }
  yield { type: 'text-start', id: 'answer' }
  for (const piece of pieces) {
    if (typeof piece !== 'string') yield sourceOf(piece)
    else {
      for (const delta of wordGroups(piece)) {
        await othersTurn()
        signal?.throwIfAborted()
        yield { type: 'text-delta', id: 'answer', delta }
      }
    }
  }
  yield { type: 'text-end', id: 'answer' }
  yield { type: 'finish', ...FINISH }
}

const wordGroups = (text: string) => text.match(/(?:\s*\S+){1,4}\s*|\s+/g) ?? []

function sourceOf(citation: Exclude<Piece, string>): LanguageModelV4Source {
  const { number, source } = citation
  return {
    type: 'source',
    sourceType: 'document',
    id: String(number),
    mediaType: 'text/plain',
    title: source.title,
    providerMetadata: { sardonyx: { citation } },
  }
}

function lastQuestion(prompt: LanguageModelV4CallOptions['prompt']): string {
  const asked = prompt.findLast(({ role }) => role === 'user')
  return asked?.role === 'user' ? asked.content.map((part) => (part.type === 'text' ? part.text : '')).join('') : ''
}
