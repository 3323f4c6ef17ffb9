/** `sardonyx demo`: fills an empty installation with the cast and what they have written, through the walls like everyone else. */
import { randomInt } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type ChatId, type MessageId, ScopeId, type TenantId, type UserId } from '#contract/ids.ts'
import type { Accounts } from '../auth/accounts.ts'
import { createLogin } from '../auth/login.ts'
import { hashPassword } from '../auth/passwords/password.ts'
import { ChatStore } from '../features/chats/index.ts'
import { MessageSearch, MessageStore } from '../features/messages/index.ts'
import type { Actor } from '../isolation/actor.ts'
import type { Database } from '../isolation/database.ts'
import { foundOrganisation } from '../isolation/founding.ts'
import { writeOnce } from '../isolation/keys/keyring.ts'
import type { ScopeKeys } from '../isolation/keys/scope-keys.ts'
import { UnitsOfWork } from '../isolation/unit-of-work.ts'
import { systemClock } from '../kernel/clock.ts'
import type { Ids } from '../kernel/ids.ts'
import type { Log } from '../kernel/log.ts'
import { DEMO, type DemoChat, type DemoOrganisation, type DemoPerson } from './demo-cast.ts'
import type { Installation } from './installation.ts'

/** The answers were written beforehand, and the model's name says so. */
const MODEL = { id: 'librarian', name: 'Example, written beforehand' }

/** The password of every account of a demonstration: made once, kept in its data directory. */
export async function demoPassword(dataDir: string): Promise<string> {
  const file = join(dataDir, 'demo-password')
  const words = Array.from({ length: 4 }, () => randomInt(0x10000).toString(16).padStart(4, '0')).join('-')
  await writeOnce(file, `demo-${words}\n`).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'EEXIST') throw error
  })
  return (await readFile(file, 'utf8')).trim()
}

/** Lines that say who can sign in, and how. */
export function demoAccounts(password: string): string {
  const lines = DEMO.flatMap(({ slug, people }) =>
    people.map(({ name, email, role }) => `  ${slug.padEnd(8)}${name.padEnd(18)}${email.padEnd(22)}${role}`),
  )
  return [`Sign in as any of these, with the organisation’s short name and the password ${password}`, ...lines].join('\n')
}

/** Founds both organisations with their people and chats, unless there is an organisation already. */
export async function fillDemo({
  installation,
  database,
  password,
  log,
}: {
  installation: Installation
  database: Database
  password: string
  log: Log
}): Promise<void> {
  const login = await createLogin({ database, keyring: installation.keyring, log })
  const { accounts, passwords, authenticator, ending, tenants, ids } = login
  if ((await tenants.count()) > 0) return
  const writer = new Writer(login, new UnitsOfWork(database))
  const passwordHash = await hashPassword(password)
  for (const organisation of DEMO) {
    const tenantId = await found(installation, { organisation, accounts, passwordHash, ids })
    tenants.forget()
    for (const person of organisation.people) {
      if (person.chats.length === 0) continue
      const device = { ip: '127.0.0.1', userAgent: null }
      const outcome = await passwords.signIn(tenantId, { email: person.email, password, remember: false }, device)
      if (outcome.state !== 'signed_in') throw new Error('people of the demo have no second factor')
      const actor = await authenticator.actorOf(await authenticator.credentialOf(outcome.begun.token), true)
      await writer.write(actor, person)
      await ending.signOut(actor, device)
    }
  }
}

async function found(
  { migrator, secrets, keyring }: Installation,
  { organisation, accounts, passwordHash, ids }: { organisation: DemoOrganisation; accounts: Accounts; passwordHash: string; ids: Ids },
): Promise<TenantId> {
  const id = ids.next<TenantId>()
  const { slug, name, people } = organisation
  await foundOrganisation({ migrator, prefix: secrets.prefix, keyring, onlyFirst: false }, { id, slug, name }, async (tx) => {
    for (const person of people) {
      const userId: UserId = await accounts.add(tx, person)
      await accounts.join(tx, userId, passwordHash)
    }
  })
  return id
}

/** Writes chats as the person whose they are. */
class Writer {
  readonly #ids: Ids
  readonly #units: UnitsOfWork
  readonly #chats: ChatStore
  readonly #messages: MessageStore
  readonly #search: MessageSearch

  constructor({ keys, ids }: { keys: ScopeKeys; ids: Ids }, units: UnitsOfWork) {
    this.#ids = ids
    this.#units = units
    this.#chats = new ChatStore(keys)
    this.#messages = new MessageStore(keys)
    this.#search = new MessageSearch({ keys, chats: this.#chats, messages: this.#messages })
  }

  async write(actor: Actor, person: DemoPerson): Promise<void> {
    for (const chat of person.chats) await this.#writeChat(actor, chat)
  }

  async #writeChat(actor: Actor, { description, daysAgo, messages }: DemoChat): Promise<void> {
    const now = new Date(systemClock.now() - daysAgo * 24 * 3_600_000)
    const chatId = this.#ids.next<ChatId>()
    await this.#units.write(actor, async (tx) => {
      await this.#chats.add(tx, { id: chatId, scopeId: ScopeId.parse(actor.userId), description, model: MODEL.id, now })
      const stored = (await this.#chats.find(tx, chatId))!
      let parent: { id: MessageId; depth: number } | null = null
      for (const [i, text] of messages.entries()) {
        const id: MessageId = this.#ids.next<MessageId>()
        const by = i % 2 === 0 ? ({ messageType: 'user', model: null } as const) : ({ messageType: 'assistant', model: MODEL } as const)
        await this.#messages.add(tx, stored, {
          id,
          parent,
          ...by,
          parts: [{ type: 'text', text }],
          status: 'complete',
          idempotencyKey: null,
          now,
        })
        await this.#search.index(tx, stored, { id, text })
        parent = { id, depth: i }
      }
    })
  }
}
