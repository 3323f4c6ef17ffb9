/** The composition root: reads the command line and the environment, runs one command, and says in a sentence what went wrong. */
import { parseArgs } from 'node:util'
import { z } from 'zod'
import { Email, Slug } from '#contract/accounts.ts'
import { line } from '#contract/endpoint.ts'
import { slugOf } from './auth/tenants.ts'
import { type Config, OPTIONS, readConfig } from './config.ts'
import { rolesSql } from './isolation/migrations.ts'
import { createLog } from './kernel/log.ts'
import { cleanUpNow } from './ops/clean-up.ts'
import { type Installation, migrateAll, openInstallation } from './ops/installation.ts'
import { createTenant, listTenants } from './ops/tenant.ts'
import { serve } from './serve.ts'

const HELP = `sardonyx serve                     run the server (what npm start does)
sardonyx demo                      run it with two organisations and their chats in place, in ./data-demo
sardonyx migrate                   bring the database up to date
sardonyx migrate --print-roles     print the SQL that makes the roles, for an administrator to run
sardonyx tenant create --name N [--slug S] --admin-name N --admin-email E
sardonyx tenant list               organisations and their migrations
sardonyx clean-up                  remove at once what is removed each night
sardonyx sign-in, sardonyx ask     use a server from a terminal; each says how when it is called alone

Options of every command: --port N --host A --data-dir D --base-url U --egress-allow host:port,… --log-level L
(or SARDONYX_PORT and so on in the environment; DATABASE_URL for a PostgreSQL of your own)`

const NewTenant = z.object({ name: line(80), slug: Slug.optional(), 'admin-name': line(80), 'admin-email': Email })

const say = (text: string) => void process.stdout.write(`${text}\n`)

try {
  process.exitCode = await run(process.argv.slice(2))
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`)
  process.exitCode = 1
}

async function run(args: string[]): Promise<number> {
  const parsed = understood(args)
  const values: Readonly<Record<string, string | boolean | undefined>> = parsed.values
  const command = parsed.positionals.join(' ') || 'serve'
  if (values.help || command === 'help') {
    say(HELP)
    return 0
  }
  const given: Record<string, string> = Object.fromEntries(
    OPTIONS.flatMap((name) => (values[name] === undefined ? [] : [[name, String(values[name])]])),
  )
  if (command === 'demo') given['data-dir'] ??= './data-demo'
  const config = readConfig(given)
  if (command === 'serve') return serve(config, say)
  if (command === 'demo') return serve(config, say, 'demo')
  if (command === 'migrate') return within(config, (installation) => migrate(installation, values['print-roles'] === true))
  if (command === 'tenant list') return within(config, async (installation) => (await listTenants(installation)).join('\n'))
  if (command === 'clean-up') {
    return within(config, async (installation) => (await cleanUpNow(installation, createLog({ level: config.logLevel }))).join('\n'))
  }
  if (command === 'tenant create') {
    const tenant = newTenant(values)
    return within(
      config,
      async (installation) =>
        `Founded. Its first administrator joins at\n${await createTenant(installation, { ...tenant, baseUrl: config.baseUrl }, createLog({ level: config.logLevel }))}`,
    )
  }
  throw new Error(`There is no command “${command}”.\n\n${HELP}`)
}

/** What the command line says; throws a sentence about what it should not say. */
function understood(args: string[]) {
  const text = { type: 'string' } as const
  const flag = { type: 'boolean' } as const
  const settings = Object.fromEntries(OPTIONS.map((name) => [name, text]))
  const options = { ...settings, help: flag, 'print-roles': flag, name: text, slug: text, 'admin-name': text, 'admin-email': text }
  try {
    return parseArgs({ args, allowPositionals: true, options })
  } catch (error) {
    throw new Error(`${(error as Error).message.split('.')[0]}. “sardonyx help” lists them.`, { cause: error })
  }
}

/** Runs a command on an installation and says its result. */
async function within(config: Config, work: (installation: Installation) => Promise<string>): Promise<number> {
  const installation = await openInstallation(config, createLog({ level: config.logLevel }))
  try {
    say(await work(installation))
    return 0
  } finally {
    await installation.close()
  }
}

async function migrate(installation: Installation, printRoles: boolean): Promise<string> {
  if (printRoles) return rolesSql(installation.secrets)
  return (await migrateAll(installation)).join('\n') || 'Everything is up to date.'
}

function newTenant(values: object) {
  const parsed = NewTenant.safeParse(values)
  if (!parsed.success) throw new Error(parsed.error.issues.map((issue) => `--${issue.path.join('.')}: ${issue.message}`).join('\n'))
  const { name, slug, 'admin-name': adminName, 'admin-email': email } = parsed.data
  return { name, slug: slug ?? slugOf(name), admin: { name: adminName, email } }
}
