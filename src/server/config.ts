/** Configuration: the only reader of the environment. Settings that contradict each other, or that nobody knows, stop the start. */
import { readFileSync } from 'node:fs'
import { hostname } from 'node:os'
import { isAbsolute, join, resolve } from 'node:path'
import ipaddr from 'ipaddr.js'
import { z } from 'zod'
import { type RedisSettings, redisSettings } from './isolation/cache/redis-settings.ts'
import type { MailSettings } from './mail/mailer.ts'

const aMinute = (usual: number) =>
  z.coerce.number('must be a whole number').int('must be a whole number').min(0, 'must not be negative').default(usual)

/** Every setting, by its name in the environment. A `…_FILE` beside a secret names the file that holds it. */
const Settings = z.strictObject({
  /** Where everything this server keeps is: database, keyring, its own certificate. */
  SARDONYX_DATA_DIR: z.string().min(1).default('./data'),
  /** The address to listen on; loopback unless told otherwise. */
  SARDONYX_HOST: z.string().min(1).default('127.0.0.1'),
  SARDONYX_PORT: z.coerce.number('must be a number from 0 to 65535').int().min(0).max(65_535).default(4700),
  /** `auto`: https wherever other machines can reach it. `off`: a proxy in front speaks TLS, and SARDONYX_BASE_URL says its address. */
  SARDONYX_TLS: z.enum(['auto', 'off']).default('auto'),
  /** Proxies in front whose X-Forwarded-For is believed: addresses or networks (10.0.0.0/8) with commas between. */
  SARDONYX_TRUSTED_PROXIES: z.string().default(''),
  /** A certificate and its key, as files in PEM; without them the server makes its own. */
  SARDONYX_TLS_CERT_FILE: z.string().min(1).optional(),
  SARDONYX_TLS_KEY_FILE: z.string().min(1).optional(),
  /** Where people reach this server, for links: http://localhost:port, or https and the name of the machine, unless told otherwise. */
  SARDONYX_BASE_URL: z.url({ protocol: /^https?$/ }).optional(),
  /** A mail server, as smtps://user:password@host or smtp://host:587; without it letters are files in the data directory. */
  SARDONYX_SMTP_URL: z.url({ protocol: /^smtps?$/, error: 'must begin with smtp:// or smtps://' }).optional(),
  /** The certificate authority of that mail server, as a file; without it the system's are trusted. */
  SARDONYX_SMTP_CA_FILE: z.string().min(1).optional(),
  /** Whom letters are from: an address, or “Name <address>”. */
  SARDONYX_MAIL_FROM: z.string().min(1).optional(),
  /** A PostgreSQL of your own (15 or newer); without it an embedded one is started. */
  DATABASE_URL: z.string().min(1).optional(),
  /** The certificate authority of that PostgreSQL, as a file; without it the system's are trusted. */
  SARDONYX_DATABASE_CA_FILE: z.string().min(1).optional(),
  /** A Redis (6 or newer) or Valkey that several servers share; one server alone needs none. */
  SARDONYX_REDIS_URL: z.string().min(1).optional(),
  /** The certificate authority of that Redis, as a file; without it the system's are trusted. */
  SARDONYX_REDIS_CA_FILE: z.string().min(1).optional(),
  /** Goes before every key in Redis; another one lets two installations share it. */
  SARDONYX_REDIS_PREFIX: z
    .string()
    .regex(/^[A-Za-z0-9_.:-]{0,60}$/, 'must be letters, digits and _ . : -, at most 60')
    .default(''),
  /** Names of the database roles begin with this; another one lets two installations share a server. */
  SARDONYX_ROLE_PREFIX: z
    .string()
    .regex(/^[a-z][a-z0-9_]{0,30}$/, 'must be lower-case letters, digits and _, at most 31')
    .default('sardonyx'),
  /** 64 hexadecimal digits; without it the master key is made once, in the data directory. */
  SARDONYX_MASTER_KEY: z
    .string()
    .regex(/^[0-9a-f]{64}$/i, 'must be 64 hexadecimal digits')
    .optional(),
  /** Private addresses that model servers may be called at, as host:port with commas between. */
  SARDONYX_EGRESS_ALLOW: z.string().default(''),
  /** Requests a minute, of one login, and of one network without a good login; 0 is no limit. */
  SARDONYX_REQUESTS_PER_LOGIN: aMinute(1_200),
  SARDONYX_REQUESTS_PER_NETWORK: aMinute(600),
  /** For how many seconds answers may go on that are being written when the server is told to stop. */
  SARDONYX_FINISH_ANSWERS_S: z.coerce
    .number('must be a number of seconds')
    .int('must be a whole number of seconds')
    .min(0, 'must not be negative')
    .max(3_600, 'must not be over an hour')
    .default(5),
  /** How many days the longest-kept backup of the database is kept; reports of erasures say it. */
  SARDONYX_BACKUPS_KEPT_DAYS: z.coerce
    .number('must be a number of days')
    .int('must be a whole number of days')
    .min(0)
    .max(36_500)
    .optional(),
  SARDONYX_LOG_LEVEL: z.enum(['debug', 'info', 'warn', 'error', 'silent']).default('warn'),
})

const SECRETS: readonly string[] = ['SARDONYX_MASTER_KEY', 'DATABASE_URL', 'SARDONYX_REDIS_URL', 'SARDONYX_SMTP_URL']

/** The settings that the command line takes too, as `--port`: all but secrets, which others on the machine could read there. */
export const OPTIONS: readonly string[] = Object.keys(Settings.shape)
  .filter((name) => !SECRETS.includes(name))
  .map((name) => name.replace('SARDONYX_', '').toLowerCase().replaceAll('_', '-'))

/** The command line's client reads this one; whoever has set it may start a server all the same. */
const OF_THE_CLIENT = 'SARDONYX_TOKEN'

export interface Config {
  readonly dataDir: string
  readonly host: string
  readonly port: number
  readonly baseUrl: string
  /** How the server speaks TLS itself: not at all, with a given certificate, or with its own. */
  readonly tls: 'off' | 'own' | { readonly certFile: string; readonly keyFile: string }
  readonly trustedProxies: readonly string[]
  readonly mail: MailSettings
  readonly databaseUrl: string | undefined
  readonly databaseCa: string | undefined
  readonly redis: RedisSettings | undefined
  readonly rolePrefix: string
  readonly masterKey: Buffer | undefined
  readonly egressAllow: readonly string[]
  /** Requests a minute; infinitely many where there is no limit. */
  readonly requestsAllowed: { readonly perLogin: number; readonly perNetwork: number }
  /** How long answers may go on when the server stops. */
  readonly finishAnswersMs: number
  /** Undefined where the operator has not said. */
  readonly backupsKeptDays: number | undefined
  readonly logLevel: string
}

/** Reads the configuration from `--port` and its like, and behind them from the environment. Throws in sentences. */
export function readConfig(
  options: Readonly<Record<string, string>>,
  environment: Readonly<Record<string, string | undefined>> = process.env,
): Config {
  const given: Record<string, string> = {}
  /** The names of settings as somebody gave them, where that was on the command line. */
  const asGiven = new Map<string, string>()
  for (const [name, value] of Object.entries(environment)) {
    const isOurs = name.startsWith('SARDONYX_') || name === 'DATABASE_URL' || name === 'DATABASE_URL_FILE'
    if (isOurs && name !== OF_THE_CLIENT && value !== undefined && value !== '') given[name] = value
  }
  for (const [option, value] of Object.entries(options)) {
    const name = `SARDONYX_${option.toUpperCase().replaceAll('-', '_')}`
    asGiven.set(name, `--${option}`)
    // An empty number would be 0, which for a limit is none.
    if (value === '') delete given[name]
    else given[name] = value
  }
  for (const secret of SECRETS) {
    const file = given[`${secret}_FILE`]
    delete given[`${secret}_FILE`]
    if (file !== undefined) given[secret] = readFileSync(file, 'utf8').trim()
  }
  const parsed = Settings.safeParse(given)
  if (!parsed.success) throw new Error(parsed.error.issues.map((issue) => sentence(issue, asGiven)).join('\n'))
  return meaning(parsed.data)
}

function meaning(settings: z.infer<typeof Settings>): Config {
  const port = settings.SARDONYX_PORT
  const tls = tlsOf(settings)
  const dataDir = isAbsolute(settings.SARDONYX_DATA_DIR) ? settings.SARDONYX_DATA_DIR : resolve(settings.SARDONYX_DATA_DIR)
  const baseUrl = (settings.SARDONYX_BASE_URL ?? (tls === 'off' ? `http://localhost:${port}` : `https://${hostname()}:${port}`)).replace(
    /\/+$/,
    '',
  )
  return {
    dataDir,
    host: settings.SARDONYX_HOST,
    port,
    baseUrl,
    tls,
    mail: mailOf(settings, { dataDir, baseUrl }),
    databaseUrl: settings.DATABASE_URL,
    databaseCa: settings.SARDONYX_DATABASE_CA_FILE === undefined ? undefined : readFileSync(settings.SARDONYX_DATABASE_CA_FILE, 'utf8'),
    redis: redisOf(settings),
    rolePrefix: settings.SARDONYX_ROLE_PREFIX,
    masterKey: settings.SARDONYX_MASTER_KEY === undefined ? undefined : Buffer.from(settings.SARDONYX_MASTER_KEY, 'hex'),
    trustedProxies: networks(settings.SARDONYX_TRUSTED_PROXIES),
    egressAllow: settings.SARDONYX_EGRESS_ALLOW.split(',')
      .map((entry) => entry.trim())
      .filter((entry) => entry !== ''),
    requestsAllowed: {
      perLogin: settings.SARDONYX_REQUESTS_PER_LOGIN || Number.POSITIVE_INFINITY,
      perNetwork: settings.SARDONYX_REQUESTS_PER_NETWORK || Number.POSITIVE_INFINITY,
    },
    finishAnswersMs: settings.SARDONYX_FINISH_ANSWERS_S * 1_000,
    backupsKeptDays: settings.SARDONYX_BACKUPS_KEPT_DAYS,
    logLevel: settings.SARDONYX_LOG_LEVEL,
  }
}

function mailOf(settings: z.infer<typeof Settings>, { dataDir, baseUrl }: { dataDir: string; baseUrl: string }): MailSettings {
  const { SARDONYX_SMTP_URL: smtpUrl, SARDONYX_SMTP_CA_FILE: caFile, SARDONYX_MAIL_FROM: from } = settings
  if (smtpUrl === undefined && caFile !== undefined) throw new Error('SARDONYX_SMTP_CA_FILE means nothing without SARDONYX_SMTP_URL.')
  return {
    smtpUrl,
    smtpCa: caFile === undefined ? undefined : readFileSync(caFile, 'utf8'),
    from: from ?? `Sardonyx <sardonyx@${new URL(baseUrl).hostname}>`,
    folder: join(dataDir, 'mail'),
  }
}

/** Reads addresses and networks; what is neither stops the start. */
function networks(text: string): string[] {
  const entries = text
    .split(',')
    .map((entry) => entry.trim())
    .filter((entry) => entry !== '')
  const wrong = entries.find((entry) => !ipaddr.isValidCIDR(entry) && !ipaddr.isValid(entry))
  if (wrong !== undefined) throw new Error(`SARDONYX_TRUSTED_PROXIES: “${wrong}” is neither an address nor a network such as 10.0.0.0/8.`)
  return entries
}

function tlsOf(settings: z.infer<typeof Settings>): Config['tls'] {
  const { SARDONYX_TLS_CERT_FILE: certFile, SARDONYX_TLS_KEY_FILE: keyFile, SARDONYX_HOST: host, SARDONYX_BASE_URL: baseUrl } = settings
  if ((certFile === undefined) !== (keyFile === undefined))
    throw new Error('SARDONYX_TLS_CERT_FILE and SARDONYX_TLS_KEY_FILE go together: give both, or neither.')
  const isLoopback = host === 'localhost' || host === '::1' || host.startsWith('127.')
  if (settings.SARDONYX_TLS === 'off') {
    if (isLoopback || baseUrl?.startsWith('https:')) return 'off'
    throw new Error(
      'With SARDONYX_TLS=off other machines would send passwords in the clear. Leave it out, or give the https address of the proxy in front as SARDONYX_BASE_URL.',
    )
  }
  if (certFile !== undefined && keyFile !== undefined) return { certFile, keyFile }
  return isLoopback ? 'off' : 'own'
}

function redisOf(settings: z.infer<typeof Settings>): RedisSettings | undefined {
  const { SARDONYX_REDIS_URL: url, SARDONYX_REDIS_CA_FILE: caFile, SARDONYX_REDIS_PREFIX: prefix } = settings
  if (url === undefined) {
    if (caFile !== undefined || prefix !== '')
      throw new Error('SARDONYX_REDIS_CA_FILE and SARDONYX_REDIS_PREFIX mean nothing without SARDONYX_REDIS_URL.')
    return undefined
  }
  return redisSettings(url, { ca: caFile === undefined ? undefined : readFileSync(caFile, 'utf8'), prefix })
}

function sentence(issue: z.core.$ZodIssue, asGiven: ReadonlyMap<string, string>): string {
  if (issue.code === 'unrecognized_keys') return issue.keys.map((key) => `There is no setting ${key}.${nearest(key)}`).join('\n')
  const name = issue.path.join('.')
  return `${asGiven.get(name) ?? name}: ${issue.message}.`
}

function nearest(key: string): string {
  const names = Object.keys(Settings.shape)
  const common = (a: string, b: string) => [...a].filter((letter, i) => b[i] === letter).length
  const best = names.sort((a, b) => common(b, key) - common(a, key))[0]
  return best === undefined ? '' : ` Did you mean ${best}?`
}
