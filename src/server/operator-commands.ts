/** The commands by which an operator looks after people and their logins. Each acts as the operator, and is in the log of whom it concerns. */
import { z } from 'zod'
import { Email, Role, Slug } from '#contract/accounts.ts'
import { line } from '#contract/endpoint.ts'
import { SessionId } from '#contract/ids.ts'
import { type Command, checked, type Given, inLines, type Option, type Result } from './command-line.ts'
import type { Database } from './isolation/database.ts'
import type { TenantEntry } from './isolation/doors.ts'
import { systemClock } from './kernel/clock.ts'
import type { Log } from './kernel/log.ts'
import { createMailer } from './mail/mailer.ts'
import { eraseAtOnce, erasureLine, listErased } from './ops/erase.ts'
import { findKeyring, type Installation, withInstallation } from './ops/installation.ts'
import { asOperator, type Login } from './ops/operator.ts'
import { listSessions, revokeSessions, sessionLine, type Which } from './ops/session.ts'
import { changeRole, invite, listPeople, personLine, recover, reinstate, suspend } from './ops/user.ts'

const ORGANISATION = { placeholder: 'SHORT', help: 'short name of the organisation, where there are several' } as const satisfies Option
const PERSON = { placeholder: 'ADDRESS', help: 'e-mail address of the person' } as const satisfies Option

const Asked = z.object({
  organisation: Slug.optional(),
  email: Email.optional(),
  role: Role.optional(),
  id: SessionId.optional(),
  all: z.boolean().default(false),
  name: line(80).optional(),
  factors: z.boolean().default(false),
})
type Asked = z.output<typeof Asked>

/** `sardonyx user …` and `sardonyx session …`. */
export const OPERATOR_COMMANDS: readonly Command[] = [
  {
    name: 'user list',
    summary: 'the people of an organisation, and how many logins and API tokens each has',
    options: { organisation: ORGANISATION },
    answer: (given) => operating(given, async (login, tenant) => inLines(await listPeople(login, tenant), personLine)),
  },
  {
    name: 'user suspend',
    summary: 'let somebody in no more; ends their logins and API tokens',
    options: { email: PERSON, organisation: ORGANISATION },
    answer: (given) =>
      operating(given, async (login, tenant, { email }) => {
        const ended = await suspend(login, tenant, needed('email', email))
        return { value: { email, ended }, text: `Suspended ${email}. ${sayEnded(ended)}` }
      }),
  },
  {
    name: 'user reinstate',
    summary: 'take a suspension back; what had ended stays ended',
    options: { email: PERSON, organisation: ORGANISATION },
    answer: (given) =>
      operating(given, async (login, tenant, { email }) => {
        await reinstate(login, tenant, needed('email', email))
        return { value: { email }, text: `${email} can sign in again.` }
      }),
  },
  {
    name: 'user role',
    summary: 'make somebody an administrator, or an ordinary user; ends their logins and API tokens',
    options: { email: PERSON, role: { placeholder: 'ROLE', help: 'admin or user' }, organisation: ORGANISATION },
    answer: (given) =>
      operating(given, async (login, tenant, asked) => {
        const [email, role] = [needed('email', asked.email), needed('role', asked.role)]
        const ended = await changeRole(login, tenant, { email, role })
        return { value: { email, role, ended }, text: `${email} has the role ${role} now. ${sayEnded(ended)}` }
      }),
  },
  {
    name: 'user invite',
    summary: 'add a person; a letter with their link goes to them',
    options: {
      email: PERSON,
      name: { placeholder: 'NAME', help: 'of the person' },
      role: { placeholder: 'ROLE', help: 'admin or user; user when left out' },
      organisation: ORGANISATION,
    },
    answer: (given) =>
      operating(given, async (login, tenant, asked) => {
        const account = { email: needed('email', asked.email), name: needed('name', asked.name), role: asked.role ?? 'user' }
        await invite(login, tenant, account)
        return { value: account, text: `Invited ${account.email}. ${sayLetter(given.config)}` }
      }),
  },
  {
    name: 'user recover',
    summary: 'let somebody in again who lost their password; a letter with a link goes to them',
    options: { email: PERSON, factors: { help: 'they lost their second factor as well: it goes, too' }, organisation: ORGANISATION },
    answer: (given) =>
      operating(given, async (login, tenant, asked) => {
        const of = { email: needed('email', asked.email), factors: asked.factors }
        await recover(login, tenant, of)
        return { value: of, text: `${of.email} can choose a new password by the link in the letter to them. ${sayLetter(given.config)}` }
      }),
  },
  {
    name: 'user erase',
    summary: 'erase somebody and everything of theirs, for good and without waiting for anything',
    options: { email: PERSON, organisation: ORGANISATION },
    answer: (given) =>
      operating(given, async (login, tenant, { email, beside }) => {
        await eraseAtOnce({ login, tenant, ...beside, backupsKeptDays: given.config.backupsKeptDays }, needed('email', email))
        return {
          value: { email },
          text: `${email} has no access any more, and nothing that they wrote can be read: the key is destroyed.\n${WHEN_DONE}`,
        }
      }),
  },
  {
    name: 'user erasures',
    summary: 'who is to be erased, and reports of who was',
    options: { organisation: ORGANISATION },
    answer: (given) => operating(given, async (login, tenant) => inLines(await listErased(login, tenant), erasureLine)),
  },
  {
    name: 'session list',
    summary: 'logins and API tokens that are good now, the latest first',
    options: { email: PERSON, organisation: ORGANISATION },
    answer: (given) =>
      operating(given, async (login, tenant, { email }) => inLines(await listSessions(login, tenant, { email }), sessionLine)),
  },
  {
    name: 'session revoke',
    summary: 'end logins and API tokens: one, those of a person, or all of an organisation',
    options: {
      id: { placeholder: 'ID', help: 'of one of them, from “sardonyx session list”' },
      email: PERSON,
      all: { help: 'all of the organisation' },
      organisation: ORGANISATION,
    },
    answer: (given) =>
      operating(given, async (login, tenant, asked) => {
        const ended = await revokeSessions(login, tenant, oneOf(asked))
        return { value: { ended }, text: sayEnded(ended) }
      }),
  },
]

const WHEN_DONE =
  'A server that runs removes the rows within about a minute, or the next one that starts; “sardonyx user erasures” says when.'

/** What a command that begins a job needs besides. */
interface Beside {
  readonly installation: Installation
  readonly database: Database
  readonly log: Log
}

/** Runs a command's work with what the command line says, checked. */
async function operating(
  { options, config }: Given,
  work: (login: Login, tenant: TenantEntry, asked: Asked & { beside: Beside }) => Promise<Result>,
): Promise<Result> {
  const asked = checked(Asked, options)
  // A command about people who are there makes no installation where there is none.
  await findKeyring(config)
  const mailer = createMailer(config.mail, { clock: systemClock })
  const post = { mailer, baseUrl: config.baseUrl }
  return withInstallation(config, (installation, log) =>
    asOperator(installation, { organisation: asked.organisation, log, post }, (login, tenant, database) =>
      work(login, tenant, { ...asked, beside: { installation, database, log } }),
    ),
  ).finally(() => mailer.close())
}

function needed<T>(name: string, value: T | undefined): T {
  if (value === undefined) throw new Error(`Say --${name}. “sardonyx help user” shows how.`)
  return value
}

/** Exactly one of the three ways to say which: a slip must not end everybody's. */
function oneOf({ id, email, all }: Asked): Which {
  if ([id !== undefined, email !== undefined, all].filter(Boolean).length !== 1)
    throw new Error('Say which logins: --id, --email or --all, and one of them only.')
  return { id, email }
}

function sayLetter({ mail }: Given['config']): string {
  return mail.smtpUrl === undefined
    ? `No mail server is set, so the letter is a file in ${mail.folder}.`
    : 'It was handed to the mail server.'
}

function sayEnded(ended: number): string {
  return ended === 1 ? 'One login or API token ended.' : `${ended === 0 ? 'No' : ended} logins and API tokens ended.`
}
