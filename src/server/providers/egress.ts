/**
 * The only way out: every HTTP call of the product to another server goes through this guard. A name is resolved once per
 * connection, every answer must be permitted, and the socket is opened to those very answers, so a name that changes its
 * mind between check and use gains nothing. Redirects are returned, never followed: a model server has no need of them,
 * and each would carry the key and the conversation to a place nobody chose.
 */
import { lookup as dnsLookup } from 'node:dns/promises'
import { isIP, type LookupFunction } from 'node:net'
import { networkInterfaces } from 'node:os'
import { Agent, buildConnector, Response, fetch as undiciFetch } from 'undici'
import { Failure } from '#server/kernel/failure.ts'
import { canonicalAddress, isLoopback, isPublicAddress } from './public-address.ts'

export interface Address {
  readonly address: string
  readonly family: number
}

export interface EgressOptions {
  /** What the operator permits beside public https, as `host:port`; the host is compared as it is written in the address. */
  readonly allow: readonly string[]
  /** Our own database and cache: never called, whatever the operator permits. A host may be a socket's path. */
  readonly forbid: readonly { readonly host: string; readonly port: number }[]
  readonly lookup?: (host: string) => Promise<readonly Address[]>
  readonly connectTimeoutMs?: number
  /** Largest body read, after decompression: of a plain reply, and of an event stream as a whole. */
  readonly maxBodyBytes?: number
  readonly maxStreamBytes?: number
}

export interface Egress {
  /** Behaves as `fetch`, with the guard in front; rejects with `Failure('provider.address_refused')` where it may not go. */
  readonly fetch: typeof globalThis.fetch
  /** Resolves if the address may be called now; else rejects with a Failure that names the setting an operator could change. */
  check(url: string): Promise<void>
  /** Ends all connections. */
  close(): Promise<void>
}

interface Target {
  readonly host: string
  readonly port: number
  readonly secure: boolean
}

/** A body that is larger than a model server has reason to send. */
export class ResponseTooLarge extends Error {
  override readonly name = 'ResponseTooLarge'
}

/** Makes the guard. Throws at once if an entry of `allow` is not `host:port`. */
export function createEgress(options: EgressOptions): Egress {
  const permit = permitter(options)
  const timeout = options.connectTimeoutMs ?? 10_000
  const agent = new Agent({
    allowH2: false,
    connect(target, callback) {
      permit(targetOf(target.protocol, target.hostname, target.port)).then(
        (addresses) =>
          buildConnector({ timeout, allowH2: false, rejectUnauthorized: true, lookup: answering(addresses) })(target, callback),
        (error: Error) => callback(error, null),
      )
    },
  })
  return {
    async fetch(input, init) {
      if (input instanceof Request) throw new TypeError('egress.fetch takes an address, not a Request')
      const url = new URL(input)
      targetOfUrl(url)
      const headers = new Headers(init?.headers)
      headers.delete('cookie')
      const asked = { ...init, headers: [...headers], redirect: 'manual', dispatcher: agent } as Parameters<typeof undiciFetch>[1]
      const response = await undiciFetch(url, asked).catch(rethrowRefusal)
      return bounded(response, options) as unknown as globalThis.Response
    },
    async check(url) {
      const target = targetOfUrl(new URL(url))
      await permit(target).catch((error: unknown) => Promise.reject(error instanceof Failure ? error : notFound(target)))
    },
    close: () => agent.destroy(),
  }
}

function permitter({ allow, forbid, lookup = (host) => dnsLookup(host, { all: true }) }: EgressOptions) {
  const allowed = new Set(allow.map(parseAllowed))
  const resolve = async (host: string) => {
    const family = isIP(host)
    return family ? [{ address: host, family }] : await lookup(host)
  }
  const isForbidden = async (addresses: readonly Address[], port: number) => {
    for (const own of forbid) {
      if (own.port !== port) continue
      const places = own.host.startsWith('/') ? [{ address: '127.0.0.1', family: 4 }] : await resolve(bareHost(own.host))
      if (places.some((place) => addresses.some((address) => samePlace(place.address, address.address)))) return true
    }
    return false
  }
  return async (target: Target): Promise<readonly Address[]> => {
    const byOperator = allowed.has(`${target.host}:${target.port}`)
    if (!byOperator && !(target.secure && isWebPort(target.port))) throw refused(target)
    const addresses = await resolve(target.host)
    if (addresses.length === 0) throw notFound(target)
    if (!byOperator && !addresses.every(({ address }) => isPublicAddress(address))) {
      throw isIP(target.host) ? refused(target) : notFound(target)
    }
    if (await isForbidden(addresses, target.port)) throw refused(target)
    return addresses
  }
}

function parseAllowed(entry: string): string {
  const match = /^(?<host>[^/@?#\s]+):(?<port>\d{1,5})$/.exec(entry.trim())
  const { host = '', port = '' } = match?.groups ?? {}
  if (!match || !URL.canParse(`http://${host}`) || Number(port) < 1 || Number(port) > 65_535) {
    throw new Error(`SARDONYX_EGRESS_ALLOW: “${entry}” is not host:port, such as localhost:11434.`)
  }
  return `${bareHost(new URL(`http://${host}`).hostname)}:${Number(port)}`
}

function targetOfUrl(url: URL): Target {
  const target = targetOf(url.protocol, url.hostname, url.port)
  if (url.protocol !== 'http:' && url.protocol !== 'https:') throw refused(target)
  if (url.username !== '' || url.password !== '') {
    throw new Failure('provider.address_refused', {
      detail: 'The address holds a name or password.',
      next: 'Enter the key in its own field.',
    })
  }
  return target
}

function targetOf(protocol: string, hostname: string, port: string | undefined): Target {
  const secure = protocol === 'https:'
  return { host: bareHost(hostname), port: Number(port || (secure ? 443 : 80)), secure }
}

/** Below 1024 only https itself: what else listens there (mail, shells, directories) is no model server. */
const isWebPort = (port: number) => port === 443 || port >= 1024

const bareHost = (hostname: string) =>
  hostname
    .toLowerCase()
    .replace(/^\[(.*)\]$/, '$1')
    .replace(/\.$/, '')

/** A name that leads nowhere and one that leads inside, in the same words: asking tells nobody which names exist inside. */
function notFound({ host, port }: Target): Failure {
  return new Failure('provider.address_refused', {
    detail: `No public server of the name ${host} could be found.`,
    next: `Check the spelling. If it is a server of your own network, the operator of the server can permit it and start it again: npm start -- --egress-allow ${host}:${port} (or SARDONYX_EGRESS_ALLOW).`,
  })
}

function refused({ host, port }: Target): Failure {
  const place = `${host.includes(':') ? `[${host}]` : host}:${port}`
  return new Failure('provider.address_refused', {
    detail: `This server may not call ${place}.`,
    next: `Check the spelling and use a public https address; for another, the operator of the server can permit it and start it again: npm start -- --egress-allow ${place} (or SARDONYX_EGRESS_ALLOW).`,
  })
}

function samePlace(a: string, b: string): boolean {
  const [one, other] = [canonicalAddress(a), canonicalAddress(b)]
  return one === other || (isThisMachine(one) && isThisMachine(other))
}

function isThisMachine(address: string): boolean {
  const interfaces = Object.values(networkInterfaces()).flatMap((list) => list ?? [])
  return isLoopback(address) || interfaces.some((own) => canonicalAddress(own.address) === address)
}

/** A resolver that knows just these answers, in both forms that node:net asks for. */
function answering(addresses: readonly Address[]): LookupFunction {
  const [first] = addresses as [Address, ...Address[]]
  return (_host, { all }, callback) => (all ? callback(null, [...addresses]) : callback(null, first.address, first.family))
}

/** `fetch` wraps what the connector threw into "fetch failed"; a refusal is told as what it is. */
function rethrowRefusal(error: unknown): never {
  throw error instanceof Error && error.cause instanceof Failure ? error.cause : error
}

function bounded(response: Response, { maxBodyBytes = 4_000_000, maxStreamBytes = 32_000_000 }: EgressOptions): Response {
  if (!response.body) return response
  const streaming = response.headers.get('content-type')?.startsWith('text/event-stream') ?? false
  let left = streaming ? maxStreamBytes : maxBodyBytes
  const limit = new TransformStream<Uint8Array, Uint8Array>({
    transform(chunk, controller) {
      left -= chunk.byteLength
      if (left < 0) controller.error(new ResponseTooLarge('The reply is larger than this server accepts.'))
      else controller.enqueue(chunk)
    },
  })
  const { status, statusText, headers } = response
  return new Response(response.body.pipeThrough(limit), { status, statusText, headers })
}
