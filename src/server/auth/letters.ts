/** What letters say, and sending them. A letter says whom it is for, what happened, what to do, and until when; never what was chatted. */
import type { EventKind } from '#contract/security.ts'
import { errorFields, type Log } from '../kernel/log.ts'
import type { Forgetting, Letter, Mailer } from '../mail/mailer.ts'
import { type Device, deviceName } from './device.ts'

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

  /** Removes the letters to somebody or about them that this server has kept; what could not be looked into is in the log, and counted. */
  async forget(whom: Forgetting): Promise<{ removed: number; left: number }> {
    const { removed, left } = await this.#mailer.forget(whom)
    for (const error of left)
      this.#log.error(withoutAddresses(errorFields(error)), 'a letter that was kept could not be looked into or removed')
    return { removed, left: left.length }
  }

  /**
   * Sends a letter to or about these people, of whom one that is kept is removed with each; false, and a line in the log, when it could not
   * be sent. Who did it may be nobody.
   */
  async send(letter: Letter, people: readonly (string | null | undefined)[]): Promise<boolean> {
    try {
      await this.#mailer.send(
        letter,
        people.filter((id) => typeof id === 'string'),
      )
      return true
    } catch (error) {
      this.#log.error(withoutAddresses(errorFields(error)), 'a letter could not be sent')
      return false
    }
  }
}

/** Mail servers name in what they refuse whom they refuse. */
function withoutAddresses(fields: object): object {
  return JSON.parse(JSON.stringify(fields).replace(/[^\s"<>]+@[^\s"<>]+/g, '…'))
}

interface Invitation {
  readonly to: string
  readonly organisation: string
  readonly byOperator: boolean
  readonly link: string
  readonly expiresAt: Date
}

/** To somebody who is to join. Whose address it is nobody has shown yet, so nothing in it but the organisation's name is what somebody typed. */
export function invitationLetter({ to, organisation, byOperator, link, expiresAt }: Invitation): Letter {
  return {
    to,
    subject: `Join ${organisation} on Sardonyx`,
    text: `Hello,

${byOperator ? 'The operator of this server' : `An administrator of ${organisation}`} invites you to ${organisation} on Sardonyx, a private workspace for chats with language models.
Open this link to choose how you sign in:

${link}

It works once, and until ${sayTime(expiresAt)}. Nobody else was given it; whoever has it can join in your place, so do not pass it on.
If you did not expect this letter, ignore it.`,
  }
}

interface FactorChange {
  readonly to: string
  readonly name: string
  readonly organisation: string
  readonly kind: EventKind
  readonly device: Device
  readonly at: Date
}

const FACTOR_CHANGES: Partial<Record<EventKind, readonly [subject: string, sentence: string]>> = {
  passkey_added: ['A passkey was added', 'A passkey was added to your account. Whoever has it can sign in as you.'],
  passkey_removed: ['A passkey was removed', 'A passkey was removed from your account. It opens nothing any more.'],
  authenticator_app_added: [
    'An authenticator app was set up',
    'An authenticator app was set up for your account. Its codes are asked for when you sign in.',
  ],
  authenticator_app_removed: [
    'The authenticator app was removed',
    'The authenticator app was removed from your account. Its codes open nothing any more.',
  ],
  recovery_codes_made: [
    'New recovery codes were made',
    'New recovery codes were made for your account. The earlier ones have stopped working.',
  ],
}

/** To somebody who has changed what they sign in with, or in whose name it was done. */
export function factorLetter({ to, name, organisation, kind, device, at }: FactorChange): Letter {
  const [subject, sentence] = FACTOR_CHANGES[kind]!
  return {
    to,
    subject: `${subject} (${organisation}, Sardonyx)`,
    text: `Hello ${name},

${sentence}
It was done on ${sayTime(at)}, from ${deviceName(device.userAgent)} at ${device.ip}.

If that was you, there is nothing to do.
If it was not: sign in, open Account and then Devices, choose “Something here isn’t me”, and tell an administrator of ${organisation}.`,
  }
}

interface OnPassword {
  readonly to: string
  readonly name: string
  readonly organisation: string
  /** Where another link is asked for. */
  readonly askAgain: string
}

interface ResetLink extends OnPassword {
  readonly link: string
  readonly expiresAt: Date
}

/** To somebody who asked to choose another password. */
export function resetLetter({ to, name, organisation, link, askAgain, expiresAt }: ResetLink): Letter {
  return {
    to,
    subject: 'Choose a new password for Sardonyx',
    text: `Hello ${name},

somebody asked for a new password for your account at ${organisation}. If that was you, open this link to choose one:

${link}

It works once, and until ${sayTime(expiresAt)}; later, ask for another one: ${askAgain}
Every login and API token of yours ends when you use it. A second factor, if you have one, is asked for as always.
If it was not you, ignore this letter: your password stays as it is. Do not pass it on.`,
  }
}

/** To somebody who asked the same, and has no password. */
export function noPasswordLetter({ to, name, organisation }: Omit<OnPassword, 'askAgain'>): Letter {
  return {
    to,
    subject: 'Your Sardonyx account has no password',
    text: `Hello ${name},

somebody asked for a new password for your account at ${organisation}. It has none: you sign in with a passkey, or through your organisation.
If neither works any more, ask an administrator of ${organisation}. If it was not you who asked, ignore this letter.`,
  }
}

/** To somebody whose password was tried in vain too often. */
export function closedLetter({ to, name, organisation, link, askAgain, expiresAt }: ResetLink): Letter {
  return {
    to,
    subject: 'Somebody is guessing your Sardonyx password',
    text: `Hello ${name},

a hundred times in a row somebody tried to sign in to your account at ${organisation} with a wrong password, or with a wrong second factor
after the right one. So no password is taken for it any more, not even the right one. Where you are signed in you stay so, and nobody has got in by this.

Open this link to choose a new password, which is then taken again:

${link}

It works once, and until ${sayTime(expiresAt)}; later, ask for another one: ${askAgain}
Signing in with a passkey, if you have one, opens it as well.`,
  }
}

/** To somebody after whose right password wrong second factors were given, again and again. */
export function passwordKnownLetter({ to, name, organisation, askAgain }: OnPassword): Letter {
  return {
    to,
    subject: 'Somebody seems to know your Sardonyx password',
    text: `Hello ${name},

your password for ${organisation} was given, and then ten times in a row a wrong code or another second factor that was not yours. Nobody has
got in by this: the second factor keeps them out.

If that was you, there is nothing to do. If it was not, somebody knows your password. Choose another one: ${askAgain}`,
  }
}

/** To somebody whose password was changed. */
export function passwordChangedLetter({ to, name, organisation, askAgain }: OnPassword): Letter {
  return {
    to,
    subject: 'Your Sardonyx password was changed',
    text: `Hello ${name},

the password of your account at ${organisation} was changed just now, and all other logins of yours were ended.
If that was you, all is well. If not, choose another one at once, which ends every login: ${askAgain}`,
  }
}

/** A time in a letter: nobody knows in which time zone it is read. */
export function sayTime(time: Date): string {
  return `${new Intl.DateTimeFormat('en', { dateStyle: 'long', timeStyle: 'short', timeZone: 'UTC' }).format(time)} UTC`
}
