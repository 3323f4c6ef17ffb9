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
  if (!first) throw new Error(FORMS)
  refuseDifferences(
    kind,
    first.url,
    others.map(({ url }) => url),
  )
  const path = first.url.pathname.replace(/^\//, '')
  if (!/^\d*$/.test(path)) throw new Error(`The path must be the number of a database, or nothing. ${FORMS}`)
  if (path !== '' && kind !== 'single') throw new Error('Only a single server has numbered databases.')
  const node = ({ host, url }: (typeof others)[number]): RedisNode => ({ host, port: Number(url.port) || PORTS[kind] })
  return {
    nodes: [node(first), ...others.map(node)],
    kind,
    masterName: sentinel?.[4] ?? '',
    database: Number(path),
    username: decodeURIComponent(first.url.username) || undefined,
    password: decodeURIComponent(first.url.password) || undefined,
    tls: first.url.protocol === 'rediss:',
    ca,
    prefix,
  }
}

function refuseDifferences(kind: RedisSettings['kind'], first: URL, others: readonly URL[]): void {
  if (others.some(({ protocol }) => protocol !== first.protocol))
    throw new Error('All its parts must begin alike, with redis:// or with rediss://.')
  if (kind === 'cluster' && others.some(({ username, password }) => username !== first.username || password !== first.password))
    throw new Error('All members of a cluster must be given with the same user and password.')
}

function sentinelUrls([, scheme, credentials, hosts]: RegExpExecArray): string[] {
  return hosts!.split(',').map((host) => `${scheme}://${credentials === undefined ? '' : `${credentials}@`}${host}`)
}

function parsed(text: string): { url: URL; host: string } {
  if (!URL.canParse(text)) throw new Error(`It is not an address of Redis; special characters in a password are written like %2C. ${FORMS}`)
  const url = new URL(text)
  if (url.protocol !== 'redis:' && url.protocol !== 'rediss:') throw new Error(FORMS)
  if (url.hostname === '' || url.search !== '' || url.hash !== '') throw new Error(FORMS)
  return { url, host: url.hostname.replace(/^\[(.*)\]$/, '$1') }
}
