/** The composition root: reads the command line and the environment, runs one command, and says in a sentence what went wrong. */
import { z } from 'zod'
import { Email, Slug } from '#contract/accounts.ts'
import { line } from '#contract/endpoint.ts'
import { slugOf } from './auth/tenants.ts'
import {
  type Command,
  checked,
  type Description,
  type Given,
  helpAbout,
  inLines,
  overview,
  type Result,
  understand,
} from './command-line.ts'
import { type Config, OPTIONS, readConfig } from './config.ts'
import { rolesSql, tenantStatus } from './isolation/migrations.ts'
import { systemClock } from './kernel/clock.ts'
import { OPERATOR_COMMANDS } from './operator-commands.ts'
import { cleanedLine, cleanUpNow } from './ops/clean-up.ts'
import { findKeyring, type Installation, migrateAll, withInstallation } from './ops/installation.ts'
import { keyLine, listKeys, retireKey, rotateKey } from './ops/key.ts'
import { createTenant, tenantLine } from './ops/tenant.ts'

const NewTenant = z.object({ name: line(80), slug: Slug.optional(), 'admin-name': line(80), 'admin-email': Email })
const Rotation = z.object({
  // Nothing at all would count as 0.
  delay: z
    .string()
    .min(1, 'must be a number of minutes')
    .pipe(z.coerce.number<string>('must be a number of minutes').int('must be a whole number of minutes').min(0).max(43_200))
    .default(1),
})

const COMMANDS: readonly Command[] = [
  { name: 'serve', summary: 'run the server (what npm start does)', stay: ({ config }) => serve(config, 'product') },
  {
    name: 'demo',
    summary: 'run it with two organisations and their chats in place, in ./data-demo',
    settings: { 'data-dir': './data-demo' },
    stay: ({ config }) => serve(config, 'demo'),
  },
  {
    name: 'migrate',
    summary: 'bring the database up to date',
    options: { 'print-roles': { help: 'only print the SQL that makes the roles, for an administrator to run' } },
    answer: ({ config, options }) => withInstallation(config, options['print-roles'] === true ? printRoles : migrate),
  },
  {
    name: 'tenant create',
    summary: 'found an organisation; answers the link by which its first administrator joins',
    options: {
      name: { placeholder: 'NAME', help: 'of the organisation' },
      slug: { placeholder: 'SHORT', help: 'its short name for signing in, made from the name unless given' },
      'admin-name': { placeholder: 'NAME', help: 'of its first administrator' },
      'admin-email': { placeholder: 'ADDRESS', help: 'of its first administrator' },
    },
    answer: ({ config, options }) => {
      const tenant = { ...newTenant(options), baseUrl: config.baseUrl }
      return withInstallation(config, async (installation, log) => {
        const link = await createTenant(installation, tenant, log)
        return { value: { slug: tenant.slug, link }, text: `Founded. Its first administrator joins at\n${link}` }
      })
    },
  },
  {
    name: 'tenant list',
    summary: 'organisations and their migrations',
    answer: ({ config }) => withInstallation(config, async ({ migrator }) => inLines(await tenantStatus(migrator), tenantLine)),
  },
  ...OPERATOR_COMMANDS,
  {
    name: 'clean-up',
    summary: 'remove at once what is removed each night',
    answer: ({ config }) =>
      withInstallation(config, async (installation, log) => inLines(await cleanUpNow(installation, log), cleanedLine)),
  },
  {
    name: 'key list',
    summary: 'the keys that sign logins',
    answer: async ({ config }) => inLines(await listKeys(await findKeyring(config), systemClock), keyLine),
  },
  {
    name: 'key rotate',
    summary: 'make a new key that signs logins; what the others signed stays good',
    options: { delay: { placeholder: 'MINUTES', help: 'until servers sign with it: 1, or the time you need to copy it to every keyring' } },
    answer: async ({ config, options }) => {
      const { delay } = checked(Rotation, options)
      const key = await rotateKey(await findKeyring(config), delay * 60_000, systemClock)
      return { value: key, text: `Key ${key.id} is in ${key.file}. Servers sign logins with it from ${key.signsFrom} on.` }
    },
  },
  {
    name: 'key retire',
    operands: ['<id>'],
    summary: 'take a key away: logins that it signed end',
    answer: async ({ config, operands }) => {
      const key = await retireKey(await findKeyring(config), operands[0]!, systemClock)
      return {
        value: key,
        text: `Key ${key.id} is retired. Logins that it signed end within half a minute; remove ${key.file} from every copy of this keyring, too.`,
      }
    },
  },
]

/** Commands of src/cli, to which bin/sardonyx.cjs leads. */
const OF_THE_CLIENT: readonly Description[] = [
  { name: 'sign-in', summary: 'sign in to a server from a terminal; says how when it is called alone' },
  { name: 'ask', summary: 'ask a server from a terminal; says how when it is called alone' },
]

const HELP = `${overview([...COMMANDS, ...OF_THE_CLIENT])}

“sardonyx help key” and “sardonyx key --help” say more of them.
Options of every command: --port N --host A --data-dir D --base-url U --egress-allow host:port,… --log-level L
(or SARDONYX_PORT and so on in the environment; DATABASE_URL for a PostgreSQL of your own), and --json for the result as JSON`

const say = (text: string) => void process.stdout.write(`${text}\n`)

try {
  process.exitCode = await run(process.argv.slice(2))
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`)
  process.exitCode = 1
}

async function run(args: readonly string[]): Promise<number> {
  const understood = understand(args, { commands: COMMANDS, usual: 'serve', settings: OPTIONS })
  if (understood.kind === 'help') {
    say(understood.about === '' ? HELP : helpAbout(understood.about, [...COMMANDS, ...OF_THE_CLIENT]))
    return 0
  }
  const { command, asJson } = understood
  const given = { ...understood.given, config: readConfig(understood.settings) }
  if ('stay' in command) return command.stay(given)
  const { value, text } = await command.answer(given)
  say(asJson ? JSON.stringify(value, null, 2) : text)
  return 0
}

/** Loaded when it is needed: it brings the whole product, for which no other command should wait. */
async function serve(config: Config, mode: 'product' | 'demo'): Promise<number> {
  const { serve: run } = await import('./serve.ts')
  return run(config, say, mode)
}

async function migrate(installation: Installation): Promise<Result> {
  const done = await migrateAll(installation)
  return { value: { done }, text: done.join('\n') || 'Everything is up to date.' }
}

async function printRoles({ secrets }: Installation): Promise<Result> {
  const sql = await rolesSql(secrets)
  return { value: { sql }, text: sql }
}

function newTenant(options: Given['options']) {
  const { name, slug, 'admin-name': adminName, 'admin-email': email } = checked(NewTenant, options)
  return { name, slug: slug ?? slugOf(name), admin: { name: adminName, email } }
}
