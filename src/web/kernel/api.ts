/**
 * The only place that calls the server. Endpoints are called by id with what the contract says they take; failures are
 * an `ApiProblem` or `Unreachable`, never anything else.
 */
import { WIRE } from 'virtual:wire'
import type { Problem } from '#contract/errors.ts'
import { noteReached, noteUnreachable } from './connection.ts'
import type { BytesId, EndpointId, Given, Reply } from './endpoints.ts'
import { ApiProblem, Unreachable } from './problem.ts'

/** Some browsers take what is saved from its address a moment later. */
const RELEASE_MS = 60_000

interface Parts {
  readonly params?: Record<string, string>
  readonly query?: Record<string, unknown>
  readonly body?: unknown
}

interface Wish {
  readonly signal?: AbortSignal | undefined
  readonly headers?: Record<string, string>
  /** Whether the request goes on when the page is left. */
  readonly keepalive?: boolean
}

/** Calls an endpoint and gives its reply; in development the reply is checked against the contract. */
export async function call<Id extends EndpointId>(id: Id, ...[given, wish]: CallArguments<Id>): Promise<Reply<Id>> {
  const response = await open(id, given as Parts, wish)
  if (response.status === 204) return undefined as Reply<Id>
  const reply: unknown = await response.json()
  if (import.meta.env.DEV) await checkReply(id, reply)
  return reply as Reply<Id>
}

type CallArguments<Id extends EndpointId> =
  Record<never, never> extends Given<Id> ? [given?: Given<Id>, wish?: Wish] : [given: Given<Id>, wish?: Wish]

/** The address of an endpoint, for what the browser fetches by itself, such as pictures. */
export function addressOf(id: EndpointId, given: Parts = {}): string {
  const [, path] = WIRE[id] as readonly [string, string]
  const filled = path.replace(/:(\w+)/g, (_, name: string) => encodeURIComponent(given.params?.[name] ?? ''))
  const query = new URLSearchParams(
    Object.entries(given.query ?? {}).flatMap(([name, value]) => (value === undefined ? [] : [[name, String(value)]])),
  ).toString()
  return query ? `${filled}?${query}` : filled
}

/** Opens an endpoint and gives the raw response, for streams; failures are thrown as by `call`. */
export async function open(id: EndpointId, given: Parts = {}, wish: Wish = {}): Promise<Response> {
  const body = given.body === undefined ? null : JSON.stringify(given.body)
  const headers = { accept: 'application/json, */*', ...(body === null ? {} : { 'content-type': 'application/json' }), ...wish.headers }
  return checked(addressOf(id, given), {
    method: WIRE[id]![0],
    headers,
    body,
    signal: wish.signal ?? null,
    keepalive: wish.keepalive ?? false,
  })
}

/** Calls an endpoint that answers with bytes, and lets the browser save them under the name that the server gives. */
export async function download<Id extends BytesId>(id: Id, ...[given, wish]: CallArguments<Id>): Promise<void> {
  const response = await open(id, given as Parts, wish)
  const link = window.document.createElement('a')
  link.href = URL.createObjectURL(await response.blob())
  link.download = savedName(response)
  link.click()
  setTimeout(() => URL.revokeObjectURL(link.href), RELEASE_MS)
}

function savedName(response: Response): string {
  const name = /filename\*=UTF-8''([^;]+)/.exec(response.headers.get('content-disposition') ?? '')?.[1]
  return name === undefined ? '' : decodeURIComponent(name)
}

/** Fetches a JSON document of this server that is not an endpoint of the contract. */
export async function document(path: `/${string}`): Promise<unknown> {
  return (await checked(path, {})).json()
}

async function checked(path: string, init: RequestInit): Promise<Response> {
  const response = await reached(path, init)
  if (!response.ok) throw new ApiProblem((await response.json()) as Problem, waitOf(response))
  return response
}

/** Retry-After in seconds, which is how Sardonyx gives it. */
function waitOf(response: Response): number | null {
  const given = response.headers.get('retry-after')
  return given !== null && /^\d+$/.test(given) ? Number(given) : null
}

/** A refusal that is not problem+json came from something between here and the server, so the server was not reached. */
async function reached(path: string, init: RequestInit): Promise<Response> {
  try {
    const response = await fetch(path, { ...init, credentials: 'same-origin', redirect: 'error' })
    const ours = response.ok || response.headers.get('content-type')?.startsWith('application/problem+json')
    if (!ours) throw new Error(`status ${response.status} from something else than Sardonyx`)
    noteReached()
    return response
  } catch (error) {
    if (init.signal?.aborted) throw error
    noteUnreachable()
    throw new Unreachable(error)
  }
}

async function checkReply(id: EndpointId, reply: unknown): Promise<void> {
  const { ENDPOINTS } = await import('#contract/index.ts')
  ENDPOINTS.find((e) => e.id === id)?.reply?.parse(reply)
}
