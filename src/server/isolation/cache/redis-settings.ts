/** Which Redis a setting means: one server, a cluster, or a master that sentinels know. What is not understood is refused in a sentence. */

export interface RedisNode {
  readonly host: string
  readonly port: number
}

export interface RedisSettings {
  /** A sentinel's nodes are the sentinels; a cluster's are some of its members. */
  readonly nodes: readonly [RedisNode, ...RedisNode[]]
  readonly kind: 'single' | 'cluster' | 'sentinel'
  /** The name under which sentinels know the master; empty otherwise. */
  readonly masterName: string
  readonly database: number
  readonly username: string | undefined
  readonly password: string | undefined
  readonly tls: boolean
  /** The certificate authority in PEM; the system's without it. */
  readonly ca: string | undefined
  /** Goes before every key and channel, so that installations can share a Redis. */
  readonly prefix: string
}

const FORMS =
  'Write redis://user:password@host:6379 (rediss:// with TLS), several of them with commas between for a cluster, or redis+sentinel://user:password@host:26379,host:26379/name for a master that sentinels know.'
const SENTINEL = /^(rediss?)\+sentinel:\/\/(?:(.*)@)?([^@/]+)\/([^/@,]+)$/
const PORTS = { single: 6379, cluster: 6379, sentinel: 26_379 } as const

/** Reads SARDONYX_REDIS_URL; throws in a sentence that never repeats the URL, which holds a password. */
export function redisSettings(text: string, { ca, prefix }: Pick<RedisSettings, 'ca' | 'prefix'>): RedisSettings {
  const sentinel = SENTINEL.exec(text)
  const kind = sentinel ? 'sentinel' : text.includes(',') ? 'cluster' : 'single'
  const [first, ...others] = (sentinel ? sentinelUrls(sentinel) : text.split(',')).map((url) => parsed(url.trim()))
  if (!first) throw refusal(FORMS)
  refuseDifferences(
    kind,
    first.url,
    others.map(({ url }) => url),
  )
  const path = first.url.pathname.replace(/^\//, '')
  if (!/^\d*$/.test(path)) throw refusal(`The path must be the number of a database, or nothing. ${FORMS}`)
  if (path !== '' && kind !== 'single') throw refusal('Only a single server has numbered databases.')
  const node = ({ host, url }: (typeof others)[number]): RedisNode => ({ host, port: Number(url.port) || PORTS[kind] })
  return {
    nodes: [node(first), ...others.map(node)],
    kind,
    masterName: sentinel?.[4] ?? '',
    database: Number(path),
    username: plain(first.url.username),
    password: plain(first.url.password),
    tls: first.url.protocol === 'rediss:',
    ca,
    prefix,
  }
}

function refuseDifferences(kind: RedisSettings['kind'], first: URL, others: readonly URL[]): void {
  if (others.some(({ protocol }) => protocol !== first.protocol))
    throw refusal('All its parts must begin alike, with redis:// or with rediss://.')
  if (kind === 'cluster' && others.some(({ username, password }) => username !== first.username || password !== first.password))
    throw refusal('All members of a cluster must be given with the same user and password.')
}

function refusal(sentence: string): Error {
  return new Error(`SARDONYX_REDIS_URL: ${sentence}`)
}

/** A user or password as it is; undefined when none is given. */
function plain(written: string): string | undefined {
  try {
    return decodeURIComponent(written) || undefined
  } catch {
    // The error would quote it.
    throw refusal('In its user or password a % must be followed by two hexadecimal digits; a % itself is written %25.')
  }
}

function sentinelUrls([, scheme, credentials, hosts]: RegExpExecArray): string[] {
  return hosts!.split(',').map((host) => `${scheme}://${credentials === undefined ? '' : `${credentials}@`}${host}`)
}

function parsed(text: string): { url: URL; host: string } {
  if (!URL.canParse(text)) throw refusal(`It is not an address of Redis; special characters in a password are written like %2C. ${FORMS}`)
  const url = new URL(text)
  if (url.protocol !== 'redis:' && url.protocol !== 'rediss:') throw refusal(FORMS)
  if (url.hostname === '' || url.search !== '' || url.hash !== '') throw refusal(FORMS)
  return { url, host: url.hostname.replace(/^\[(.*)\]$/, '$1') }
}
