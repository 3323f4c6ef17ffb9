/** The models one can ask, the providers behind them, and the bundled handbook. */
import { z } from 'zod'
import { ModelId } from './chats.ts'
import { endpoint, line, Time } from './endpoint.ts'
import { ProviderId } from './ids.ts'

/** The protocol that a provider speaks. */
export const ProviderKind = z.enum(['openai', 'anthropic', 'google', 'openai_compatible'])
export type ProviderKind = z.infer<typeof ProviderKind>

/** Where a vendor is called when no other address is given. */
export const VENDOR_ADDRESS: Readonly<Partial<Record<ProviderKind, string>>> = {
  openai: 'https://api.openai.com/v1',
  anthropic: 'https://api.anthropic.com/v1',
  google: 'https://generativelanguage.googleapis.com/v1beta',
}

export const Model = z.strictObject({
  id: ModelId,
  name: z.string(),
  provider: z.string().describe('who receives the text, for the scope seal'),
  runsHere: z.boolean().describe('whether text stays in this server; true of what is built in, since nobody can vouch for more'),
  builtIn: z.boolean(),
})
export type Model = z.infer<typeof Model>

const ModelNames = z.array(line(200)).min(1, 'must offer at least one model').max(50)
const BaseUrl = z
  .string()
  .trim()
  .max(500)
  .pipe(z.url({ protocol: /^https?$/, error: 'must be an http or https address, usually ending in /v1' }))
const ApiKey = z
  .string()
  .trim()
  .min(1)
  .max(1_000)
  .regex(/^[\x21-\x7e]+$/, 'must be letters, digits and signs without spaces')

/** What says which server is called: its kind, and its address where the kind has none of its own. */
const server = { kind: ProviderKind.default('openai_compatible'), baseUrl: BaseUrl.optional() }

/** Fills in the address of a vendor, or says that one is missing. */
function withAddress<S extends { readonly kind: ProviderKind; readonly baseUrl?: string | undefined }>(
  given: S,
  context: z.RefinementCtx,
): S & { readonly baseUrl: string } {
  const baseUrl = given.baseUrl ?? VENDOR_ADDRESS[given.kind]
  if (baseUrl !== undefined) return { ...given, baseUrl }
  context.addIssue({ code: 'custom', path: ['baseUrl'], message: 'must be given for a server of this kind' })
  return z.NEVER
}

export const Provider = z.strictObject({
  id: ProviderId,
  name: z.string(),
  kind: ProviderKind,
  baseUrl: z.string(),
  hasKey: z.boolean(),
  models: z.array(z.string()),
  timeCreated: Time,
})
export type Provider = z.infer<typeof Provider>

export const listModels = endpoint({
  id: 'models.list',
  method: 'GET',
  path: '/api/models',
  summary: 'The models this person may ask',
  access: 'user',
  work: 'read',
  token: ['read', 'chat'],
  reply: z.strictObject({ items: z.array(Model) }),
})

export const listProviders = endpoint({
  id: 'providers.list',
  method: 'GET',
  path: '/api/providers',
  summary: 'The model providers of the organisation',
  access: 'admin',
  work: 'read',
  token: ['admin'],
  reply: z.strictObject({ items: z.array(Provider) }),
})

/** A provider as it is entered. */
export const NewProvider = z.strictObject({
  name: line(80),
  ...server,
  apiKey: ApiKey.nullable().default(null),
  models: ModelNames,
})

export const addProvider = endpoint({
  id: 'providers.add',
  method: 'POST',
  path: '/api/providers',
  summary: 'Add a model provider: a vendor, at its own address unless another is given, or any server that speaks OpenAI’s protocol',
  access: 'admin',
  work: 'write',
  token: ['admin'],
  status: 201,
  body: NewProvider.transform(withAddress),
  reply: Provider,
  fails: ['provider.address_refused'],
})

export const changeProvider = endpoint({
  id: 'providers.change',
  method: 'PATCH',
  path: '/api/providers/:providerId',
  summary: 'Change a provider; a new address needs its key again (null clears it)',
  access: 'admin',
  work: 'none',
  token: ['admin'],
  params: z.strictObject({ providerId: ProviderId }),
  body: z.strictObject({
    name: line(80).optional(),
    baseUrl: BaseUrl.optional(),
    apiKey: ApiKey.nullable().optional(),
    models: ModelNames.optional(),
  }),
  reply: Provider,
  fails: ['provider.not_found', 'provider.key_needed', 'provider.address_refused'],
})

export const removeProvider = endpoint({
  id: 'providers.remove',
  method: 'DELETE',
  path: '/api/providers/:providerId',
  summary: 'Remove a provider and its key; chats keep their answers',
  access: 'admin',
  work: 'write',
  token: ['admin'],
  params: z.strictObject({ providerId: ProviderId }),
  status: 204,
  fails: ['provider.not_found'],
})

export const TestResult = z.strictObject({
  ok: z.boolean(),
  latencyMs: z.number().int(),
  models: z.array(z.string()).describe('what the server says it offers; empty when it does not say'),
  sentence: z.string().describe('what happened, in words; the provider’s own message where it gave one'),
})
export type TestResult = z.infer<typeof TestResult>

export const testProvider = endpoint({
  id: 'providers.test',
  method: 'POST',
  path: '/api/providers/test',
  summary: 'Call a model server and report what it says; with `providerId` and no key, the stored key is used at the stored address only',
  access: 'admin',
  work: 'none',
  token: ['admin'],
  body: z
    .strictObject({
      providerId: ProviderId.optional(),
      ...server,
      apiKey: ApiKey.nullable().default(null),
      model: line(200).optional(),
    })
    .transform(withAddress),
  reply: TestResult,
  fails: ['provider.not_found', 'provider.address_refused'],
})

export const HandbookSection = z.strictObject({ id: z.string(), title: z.string(), markdown: z.string() })
export type HandbookSection = z.infer<typeof HandbookSection>

export const getHandbook = endpoint({
  id: 'handbook.get',
  method: 'GET',
  path: '/api/handbook',
  summary: 'The handbook that comes with Sardonyx and that the Librarian quotes',
  access: 'user',
  work: 'none',
  token: ['read', 'chat'],
  reply: z.strictObject({ items: z.array(HandbookSection) }),
})
