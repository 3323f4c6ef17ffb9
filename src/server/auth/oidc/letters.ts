/** Letters about the sign-in provider: to administrators when it changes, and to people when they are linked to it. */
import type { Letter } from '../../mail/mailer.ts'

interface Changed {
  readonly to: string
  readonly name: string
  readonly organisation: string
  readonly by: string
  readonly provider: { readonly name: string; readonly issuer: string; readonly on: boolean }
}

/** To each administrator. */
export function providerChangedLetter({ to, name, organisation, by, provider }: Changed): Letter {
  return {
    to,
    subject: `The sign-in provider of ${organisation} was changed`,
    text: `Hello ${name},

${by} changed through whom people sign in to ${organisation} on Sardonyx. It is now:

${provider.name}, with the issuer ${provider.issuer}, switched ${provider.on ? 'on' : 'off'}.

Whoever runs that provider can sign in as everyone who is linked to it from now on. Links to another issuer are as they were.
If this is not what you agreed on, switch it off under Logins, Sign-in provider, and find out how it came about.`,
  }
}

/** To the person. */
export function linkedLetter({ to, name, organisation, provider }: Omit<Changed, 'by' | 'provider'> & { provider: string }): Letter {
  return {
    to,
    subject: `You can now sign in to ${organisation} with ${provider}`,
    text: `Hello ${name},

an account at ${provider} was linked to yours at ${organisation} on Sardonyx. Whoever signs in with it there is you here.
If that was not you, undo the link under Account, Sign-in, and choose “Something here isn’t me” under Account, Devices.`,
  }
}
