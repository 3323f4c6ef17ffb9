/** The letters about accounts that are recovered, and addresses that change. A link to become somebody stands only in a letter to them. */
import type { Letter } from '../../mail/mailer.ts'
import { sayTime } from '../letters.ts'

interface About {
  readonly to: string
  readonly name: string
  readonly organisation: string
}

/** Who did it, in a letter; null for the operator. */
const sayBy = (by: string | null) => (by === null ? 'The operator of this server' : `${by}, an administrator,`)

interface Begun extends About {
  readonly by: string | null
  readonly withFactors: boolean
  /** Where the person stops it. */
  readonly stopAt: string
}

/** To the person whose account is to be recovered once another administrator approves: so that they can stop it. */
export function recoveryBegunLetter({ to, name, organisation, by, stopAt }: Begun): Letter {
  return {
    to,
    subject: `Somebody asks to recover your account at ${organisation}`,
    text: `Hello ${name},

${sayBy(by)} asked to recover your account at ${organisation}, because you lost your password and your second factor.
Your second factors and links to a sign-in provider would be removed.
Another administrator decides within three days. If they approve, a link comes to this address, and to nobody else.

If you did not ask for this, or can sign in, stop it here:

${stopAt}`,
  }
}

interface RecoveryLink extends Begun {
  readonly link: string
  readonly expiresAt: Date
}

/** To the person: the link by which they choose a new password. */
export function recoveryLetter({ to, name, organisation, by, withFactors, link, expiresAt, stopAt }: RecoveryLink): Letter {
  const what = withFactors
    ? 'Your second factors and links to a sign-in provider are removed, all devices are signed out, and you choose a new password.'
    : 'You choose a new password, and all devices are signed out. Your second factor stays.'
  return {
    to,
    subject: `Recover your account at ${organisation}`,
    text: `Hello ${name},

${sayBy(by)} lets you into your account at ${organisation} again. Open this link:

${link}

${what}
It works once, and until ${sayTime(expiresAt)}. Nobody else was given it, administrators included; whoever has it can become you, so do not pass it on.

If you did not ask for this, or can sign in, stop it here: ${stopAt}`,
  }
}

/** To an administrator who may decide. */
export function recoveryAskedLetter(of: About & { by: string | null; whose: string; decideAt: string; expiresAt: Date }): Letter {
  return {
    to: of.to,
    subject: `A recovery waits for a second administrator at ${of.organisation}`,
    text: `Hello ${of.name},

${sayBy(of.by)} asks to recover the account of ${of.whose} at ${of.organisation}, and to remove its second factors.
That needs another administrator. Make sure that ${of.whose} really asked for it, by a way that you trust, before you approve.

Decide until ${sayTime(of.expiresAt)} at:

${of.decideAt}`,
  }
}

/** To the new address: the link that confirms it. Anybody may have it sent to anybody, so nothing in it is in their words. */
export function newAddressLetter({ to, organisation, link, expiresAt }: Omit<About, 'name'> & { link: string; expiresAt: Date }): Letter {
  return {
    to,
    subject: `Confirm your new address at ${organisation}`,
    text: `Hello,

somebody with an account at ${organisation} on Sardonyx asked to use this address for it. If that was you, open this link where you are signed in:

${link}

It works once, for whoever asked alone, and until ${sayTime(expiresAt)}. If you did not ask for this, ignore it.`,
  }
}

/** To an address that somebody else asked for, though it is in use: nothing came of it. */
export function addressInUseLetter({ to, organisation }: Omit<About, 'name'>): Letter {
  return {
    to,
    subject: `Somebody asked for your address at ${organisation}`,
    text: `Hello,

somebody at ${organisation} asked to use this address for their account. It is yours, so nothing was changed, and they were not told.
You need not do anything.`,
  }
}

/** To the address that was: what was asked, or has happened. */
export function oldAddressLetter(of: About & { email: string; isDone: boolean; accountAt: string }): Letter {
  const { to, name, organisation, email, isDone, accountAt } = of
  const help = `If that was not you, sign in, sign all other devices out and change your password: ${accountAt}`
  return {
    to,
    subject: isDone ? `Your address at ${organisation} was changed` : `Your address at ${organisation} is to change`,
    text: `Hello ${name},

${
  isDone
    ? `your account at ${organisation} has the address ${email} now. This one is not used any more.\n\nIf that was not you, tell an administrator of ${organisation} at once.`
    : `you asked that your account at ${organisation} gets the address ${email}. It does once the link that went there is followed.\n\n${help}`
}`,
  }
}
