/** What letters say to those who leave. */
import type { Letter } from '../../mail/mailer.ts'
import { sayTime } from '../letters.ts'

interface To {
  readonly to: string
  readonly name: string
  readonly organisation: string
}

/** The account is to be erased, and can still be kept. */
export function leavingLetter({ to, name, organisation, page, erasedFrom }: To & { page: string; erasedFrom: Date }): Letter {
  return {
    to,
    subject: `Your account at ${organisation} will be erased`,
    text: `Hello ${name},

you asked to delete your account at ${organisation} on Sardonyx. Every other login of yours and every API token was ended.
Everything of yours will be erased from ${sayTime(erasedFrom)} on. Until then you can use the account as before, take your
data along, and keep the account after all:

${page}

If it was not you who asked this, sign in, keep the account, and end the logins that you do not know.`,
  }
}

/** The account is kept. */
export function keptLetter({ to, name, organisation }: To): Letter {
  return {
    to,
    subject: `Your account at ${organisation} is kept`,
    text: `Hello ${name},

your account at ${organisation} on Sardonyx is not going to be erased: somebody who was signed in as you took that back.
Logins and API tokens that had been ended stay ended.

If it was not you, sign in and end the logins that you do not know.`,
  }
}

interface Report {
  readonly askedAt: Date
  readonly keyDestroyedAt: Date
  readonly counts: Readonly<Record<string, number>>
  readonly backupsUntil: Date | null
}

/** The last letter there is: what was erased, and where something may be left. */
export function farewellLetter({ to, name, organisation, askedAt, keyDestroyedAt, counts, backupsUntil }: To & Report): Letter {
  const removed = Object.entries(counts).map(([kind, count]) => `  ${kind.replaceAll('_', ' ')}: ${count}`)
  return {
    to,
    subject: `Your account at ${organisation} was erased`,
    text: `Hello ${name},

as was asked on ${sayTime(askedAt)}, everything of yours at ${organisation} on Sardonyx was erased. The key to your chats,
drafts, exports and the names of your API tokens was destroyed on ${sayTime(keyDestroyedAt)}; since then nobody can read them. All else,
such as your name, your picture and the secret of your authenticator app, went by removing its rows. What was removed, in rows:

${removed.join('\n')}

${
  backupsUntil
    ? `Backups that were made before may hold the key and those rows until ${sayTime(backupsUntil)}; then the last of them is gone.`
    : 'Whoever operates the server has not said how long backups that were made before are kept.'
}
This address is kept nowhere any more, and this is the last letter.`,
  }
}
