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

export interface Mailer {
  readonly way: 'smtp' | 'folder'
  /** Resolves once the mail server has taken it, or the file is written; rejects otherwise. */
  send(letter: Letter): Promise<void>
  /** Removes what was kept of letters to an address. */
  forget(to: string): Promise<void>
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
      send: async (letter) => {
        const file = await keep(folder, { ...letter, from, at: new Date(clock.now()) })
        onKept?.(file)
      },
      forget: (to) => forget(folder, to),
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
    forget: async () => undefined,
    close: () => transport.close(),
  }
}

function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '[::1]' || host.startsWith('127.')
}

/** Writes a letter as a file that is whole or absent, mode 0600; answers where. */
async function keep(folder: string, { to, from, subject, text, at }: Letter & { from: string; at: Date }): Promise<string> {
  await mkdir(folder, { recursive: true, mode: 0o700 })
  const name = `${at.toISOString().replaceAll(/[:.]/g, '-')}-${randomBytes(4).toString('hex')}`
  const partial = join(folder, `.${name}`)
  await writeFile(partial, `From: ${from}\nTo: ${to}\nSubject: ${subject}\nDate: ${at.toUTCString()}\n\n${text}\n`, {
    flag: 'wx',
    mode: 0o600,
  })
  const file = join(folder, `${name}.txt`)
  await rename(partial, file)
  return file
}

/** Removes the letters to an address; the folder may not be there yet. */
async function forget(folder: string, to: string): Promise<void> {
  const names = await readdir(folder).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'ENOENT') throw error
    return []
  })
  for (const name of names) {
    const file = join(folder, name)
    const [head = ''] = (await readFile(file, 'utf8')).split('\n\n', 1)
    if (head.split('\n').includes(`To: ${to}`)) await rm(file)
  }
}
