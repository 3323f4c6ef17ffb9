/** What letters say, and sending them. A letter says whom it is for, what happened, what to do, and until when; never what was chatted. */
import { errorFields, type Log } from '../kernel/log.ts'
import type { Letter, Mailer } from '../mail/mailer.ts'

/** Sends letters, with links to where people reach this server. */
export class Letters {
  readonly #mailer: Mailer
  readonly #log: Log
  readonly #baseUrl: string

  constructor(parts: { mailer: Mailer; log: Log; baseUrl: string }) {
    this.#mailer = parts.mailer
    this.#log = parts.log
    this.#baseUrl = parts.baseUrl
  }

  /** How letters go out: by mail, or into a folder that only the operator reads. */
  get way(): Mailer['way'] {
    return this.#mailer.way
  }

  /** The address of a page with a link's token: in the fragment, which browsers send to no server, so it is in no log. */
  linkTo(page: `/${string}`, token: string): string {
    return `${this.#baseUrl}${page}#${token}`
  }

  /** The address of a page, for who can sign in. */
  pageAt(page: `/${string}`): string {
    return `${this.#baseUrl}${page}`
  }

  /** Sends a letter; false, and a line in the log, when it could not be sent. */
  async send(letter: Letter): Promise<boolean> {
    try {
      await this.#mailer.send(letter)
      return true
    } catch (error) {
      this.#log.error(errorFields(error), 'a letter could not be sent')
      return false
    }
  }
}

interface Invitation {
  readonly to: string
  readonly name: string
  readonly organisation: string
  /** Who invites; null for the operator. */
  readonly by: string | null
  readonly link: string
  readonly expiresAt: Date
}

/** To somebody who is to join. */
export function invitationLetter({ to, name, organisation, by, link, expiresAt }: Invitation): Letter {
  return {
    to,
    subject: `Join ${organisation} on Sardonyx`,
    text: `Hello ${name},

${by ?? 'The operator of this server'} invites you to ${organisation} on Sardonyx, a private workspace for chats with language models.
Open this link to choose how you sign in:

${link}

It works once, and until ${sayTime(expiresAt)}. Nobody else was given it; whoever has it can join in your place, so do not pass it on.
If you did not expect this letter, ignore it.`,
  }
}

/** A time in a letter: nobody knows in which time zone it is read. */
export function sayTime(time: Date): string {
  return `${new Intl.DateTimeFormat('en', { dateStyle: 'long', timeStyle: 'short', timeZone: 'UTC' }).format(time)} UTC`
}
