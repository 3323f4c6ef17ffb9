/** A model server of any kind, called through the egress guard and no other way, with the key in its header and nowhere else. */
import { APICallError, type LanguageModelV4 } from '@ai-sdk/provider'
import type { ProviderKind } from '#contract/models.ts'
import { Failure } from '#server/kernel/failure.ts'
import { readJson } from '#server/kernel/json.ts'
import { type Egress, ResponseTooLarge } from './egress.ts'
import { AnswerTrouble } from './provider-failure.ts'
import { VENDORS } from './vendors.ts'

export interface ModelServer {
  readonly kind: ProviderKind
  readonly baseUrl: string
  readonly apiKey: string | null
  readonly egress: Egress
}

/** A model of that server. Nothing is called until it is asked something. */
export function openModel({ model, ...server }: ModelServer & { readonly model: string }): LanguageModelV4 {
  return VENDORS[server.kind].open({ baseURL: bare(server.baseUrl), apiKey: '', fetch: keyed(server) }, model)
}

/** The names of the models that the server says it offers. */
export async function listModels(server: ModelServer, timeoutMs: number): Promise<string[]> {
  const { path, headers, names } = VENDORS[server.kind].list
  const url = bare(server.baseUrl) + path
  const { response, body } = await read(server, url, { headers, signal: AbortSignal.timeout(timeoutMs) })
  if (!response.ok) {
    throw new APICallError({ message: response.statusText, url, requestBodyValues: {}, statusCode: response.status, responseBody: body })
  }
  const parsed = names.safeParse(readJson(body))
  if (!parsed.success) throw new AnswerTrouble('garbled')
  return parsed.data
}

const bare = (baseUrl: string) => baseUrl.replace(/\/+$/, '')

async function read(server: ModelServer, url: string, init: RequestInit): Promise<{ response: Response; body: string }> {
  try {
    const response = await keyed(server)(url, init)
    return { response, body: await response.text() }
  } catch (error) {
    throw error instanceof Failure || error instanceof ResponseTooLarge || error instanceof AnswerTrouble
      ? error
      : new AnswerTrouble('unreachable')
  }
}

const KEY_HEADERS = ['authorization', 'x-api-key', 'x-goog-api-key']

/**
 * Puts the key where the vendor looks for it, and takes it out of errors: a server that quotes it would put it before everybody
 * who asks. A page for people, from an address that is no model server's, is told from an answer that broke off.
 */
function keyed({ kind, apiKey, egress }: ModelServer): typeof globalThis.fetch {
  return async (input, init) => {
    const headers = new Headers(init?.headers)
    for (const name of KEY_HEADERS) headers.delete(name)
    if (apiKey !== null) headers.set(...VENDORS[kind].keyHeader(apiKey))
    const response = await egress.fetch(input, { ...init, headers })
    if (response.ok && response.headers.get('content-type')?.startsWith('text/html')) {
      await response.body?.cancel()
      throw new AnswerTrouble('garbled')
    }
    if (response.ok || apiKey === null) return response
    const { status, statusText, headers: replied } = response
    return new Response((await response.text()).replaceAll(apiKey, '…') || null, { status, statusText, headers: replied })
  }
}
