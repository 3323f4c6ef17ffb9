/** What differs between the kinds of provider: the protocol, the header that carries the key, and how the list of models reads. */
import { createAnthropic } from '@ai-sdk/anthropic'
import { createGoogle } from '@ai-sdk/google'
import { createOpenAI } from '@ai-sdk/openai'
import { createOpenAICompatible } from '@ai-sdk/openai-compatible'
import type { LanguageModelV4 } from '@ai-sdk/provider'
import { z } from 'zod'
import type { ProviderKind } from '#contract/models.ts'

/** How the AI SDK is set up. The key is not its business: it would look for a missing one in the operator's environment. */
export interface Connection {
  readonly baseURL: string
  readonly apiKey: ''
  readonly fetch: typeof globalThis.fetch
}

export interface Vendor {
  readonly open: (connection: Connection, model: string) => LanguageModelV4
  /** The header that carries the key; no other part of a call ever does. */
  readonly keyHeader: (apiKey: string) => readonly [name: string, value: string]
  /** Whether its models write on from the beginning of an answer that comes as the last message. */
  readonly takesBeginning: boolean
  readonly list: { readonly path: string; readonly headers: Readonly<Record<string, string>>; readonly names: z.ZodType<string[]> }
}

const bearer: Vendor['keyHeader'] = (apiKey) => ['authorization', `Bearer ${apiKey}`]
const Id = z.string().min(1).max(200)
const Data = z.object({ data: z.array(z.object({ id: Id })) }).transform(({ data }) => data.map(({ id }) => id))
const GoogleModels = z
  .object({ models: z.array(z.object({ name: Id, supportedGenerationMethods: z.array(z.string()).default([]) })) })
  .transform(({ models }) =>
    models
      .filter(({ supportedGenerationMethods: methods }) => methods.includes('generateContent'))
      .map(({ name }) => name.replace(/^models\//, '')),
  )

export const VENDORS: Readonly<Record<ProviderKind, Vendor>> = {
  openai: {
    // Chat Completions: the newer Responses keep the conversation at the vendor unless told otherwise.
    open: (connection, model) => createOpenAI(connection).chat(model),
    keyHeader: bearer,
    takesBeginning: false,
    list: { path: '/models', headers: {}, names: Data },
  },
  anthropic: {
    open: (connection, model) => createAnthropic(connection).chat(model),
    keyHeader: (apiKey) => ['x-api-key', apiKey],
    takesBeginning: true,
    list: { path: '/models?limit=1000', headers: { 'anthropic-version': '2023-06-01' }, names: Data },
  },
  google: {
    open: (connection, model) => createGoogle(connection).chat(model),
    keyHeader: (apiKey) => ['x-goog-api-key', apiKey],
    takesBeginning: false,
    list: { path: '/models?pageSize=1000', headers: {}, names: GoogleModels },
  },
  openai_compatible: {
    // No `includeUsage`: servers that check their input strictly (Mistral's) refuse the whole request for it.
    open: (connection, model) => createOpenAICompatible({ ...connection, name: 'openaiCompatible' }).chatModel(model),
    keyHeader: bearer,
    takesBeginning: false,
    list: { path: '/models', headers: {}, names: Data },
  },
}
