/**
 * Letters to people: by SMTP, or, where no mail server is set, as files that only whoever operates this server can read. Letters hold
 * links by which somebody proves who they are, so they go to their person and nobody else, administrators included.
 */
import { randomBytes } from 'node:crypto'
import { mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import nodemailer from 'nodemailer'
import type { Clock } from '../kernel/clock.ts'

export interface Letter {
  /** An address alone, without a name. */
  readonly to: string
  readonly subject: string
  /** Plain text. */
  readonly text: string
}

/** Whose letters are to go: what is to them or about them has their id in its head, or their address somewhere. */
export interface Forgetting {
  readonly id: string
  readonly address: string
}

export interface Forgotten {
  readonly removed: number
  /** Why something could not be looked into or removed, once for each. */
  readonly left: readonly Error[]
}

export interface Mailer {
  readonly way: 'smtp' | 'folder'
  /** Resolves once the mail server has taken it, or the file is written; rejects otherwise. `people` are those it is to or about, by id. */
  send(letter: Letter, people?: readonly string[]): Promise<void>
  /** Removes what was kept of letters to somebody or about them. What could not be removed is answered, and holds up no other. */
  forget(whom: Forgetting): Promise<Forgotten>
  close(): void
}

export interface MailSettings {
  /** `smtp://` (STARTTLS where it is offered) or `smtps://`, with user and password in it where they are needed; undefined for files. */
  readonly smtpUrl: string | undefined
  /** The certificate authority of the mail server in PEM; without it the system's are trusted. */
  readonly smtpCa: string | undefined
  readonly from: string
  readonly folder: string
}

/** The mailer that the settings ask for. `onKept` is told of each letter that became a file. */
export function createMailer(
  settings: MailSettings,
  { clock, onKept }: { clock: Clock; onKept?: ((file: string) => void) | undefined },
): Mailer {
  const { smtpUrl, smtpCa, from, folder } = settings
  if (smtpUrl === undefined) {
    return {
      way: 'folder',
      send: async (letter, people = []) => {
        const file = await keep(folder, { ...letter, people, from, at: new Date(clock.now()) })
        onKept?.(file)
      },
      forget: (whom) => forget(folder, whom),
      close: () => undefined,
    }
  }
  const transport = nodemailer.createTransport({
    url: smtpUrl,
    // A password, or a link, must not be read on its way because somebody took STARTTLS out of the greeting.
    requireTLS: !isLoopback(new URL(smtpUrl).hostname),
    connectionTimeout: 10_000,
    greetingTimeout: 10_000,
    socketTimeout: 20_000,
    ...(smtpCa === undefined ? {} : { tls: { ca: smtpCa } }),
  })
  return {
    way: 'smtp',
    // An address is given as an object, so that nothing in it is taken for a list.
    send: async ({ to, ...content }) => void (await transport.sendMail({ from, to: { name: '', address: to }, ...content })),
    forget: async () => ({ removed: 0, left: [] }),
    close: () => transport.close(),
  }
}

function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '[::1]' || host.startsWith('127.')
}

/** Writes a letter as a file that is whole or absent, mode 0600; answers where. */
async function keep(folder: string, letter: Letter & { people: readonly string[]; from: string; at: Date }): Promise<string> {
  const { to, from, subject, text, at, people } = letter
  await mkdir(folder, { recursive: true, mode: 0o700 })
  const name = `${at.toISOString().replaceAll(/[:.]/g, '-')}-${randomBytes(4).toString('hex')}`
  const partial = join(folder, `.${name}`)
  const head = [
    `From: ${from}`,
    `To: ${to}`,
    `Subject: ${subject}`,
    `Date: ${at.toUTCString()}`,
    ...people.map((id) => `X-Sardonyx-Person: ${id}`),
  ]
  await writeFile(partial, `${head.join('\n')}\n\n${text}\n`, { flag: 'wx', mode: 0o600 })
  const file = join(folder, `${name}.txt`)
  await rename(partial, file)
  return file
}

/** Removes the letters in which somebody stands; the folder may not be there yet, and what else lies in it is left alone. */
async function forget(folder: string, { id, address }: Forgetting): Promise<Forgotten> {
  // Not within a longer address, or followed by more of its domain.
  const stands = new RegExp(`${id}|(?<![\\w.+%-])${address.replaceAll(/[^\w@]/g, '\\$&')}(?![\\w-]|\\.\\w)`, 'i')
  const left: Error[] = []
  let removed = 0
  const found = await unlessGone(readdir(folder, { withFileTypes: true }), left)
  for (const entry of found?.filter((one) => one.isFile()) ?? []) {
    const file = join(folder, entry.name)
    const content = await unlessGone(readFile(file, 'utf8'), left)
    if (content === undefined || !stands.test(content)) continue
    if (
      await unlessGone(
        rm(file).then(() => true),
        left,
      )
    )
      removed++
  }
  return { removed, left }
}

/** What is answered; undefined for what is not there any more, and for what fails in another way, which is added to `left`. */
function unlessGone<T>(work: Promise<T>, left: Error[]): Promise<T | undefined> {
  return work.catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'ENOENT') left.push(error)
    return undefined
  })
}
