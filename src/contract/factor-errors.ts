/** The part of the catalogue of failures that is about second factors. */

export interface Entry {
  readonly status: number
  readonly detail: string
  readonly next: string
}

export const factorFailures = {
  'auth.factor_needed': {
    status: 403,
    detail: 'Your organisation requires a second factor, and you have none yet.',
    next: 'Set one up; until then this login is good for nothing else.',
  },
  'auth.code_needed': {
    status: 403,
    detail: 'Your password alone is not enough, since you have a second factor.',
    next: 'Give a code as well, or a passkey instead of both.',
  },
  'auth.wrong_code': { status: 403, detail: 'That code is not good, or was used already.', next: 'Enter the one that is shown now.' },
  'auth.wrong_recovery_code': {
    status: 403,
    detail: 'That recovery code is not good, or was used already.',
    next: 'Check it, or take another one of your codes.',
  },
  'auth.ticket_invalid': {
    status: 401,
    detail: 'This sign-in took too long, failed too often, or is finished already.',
    next: 'Sign in from the beginning.',
  },
  'passkey.refused': {
    status: 403,
    detail: 'That passkey was not accepted.',
    next: 'Try it again, or take another way.',
  },
  'passkey.not_found': { status: 404, detail: 'You have no such passkey.', next: 'Look at the list of your passkeys again.' },
  'authenticator_app.exists': {
    status: 409,
    detail: 'You have an authenticator app already.',
    next: 'Remove it first, then set up the new one.',
  },
  'authenticator_app.not_begun': {
    status: 409,
    detail: 'No authenticator app is being set up.',
    next: 'Begin again, and scan the new code.',
  },
  'authenticator_app.not_found': { status: 404, detail: 'You have no authenticator app.', next: 'Reload the page and try again.' },
  'factor.none': {
    status: 409,
    detail: 'Recovery codes stand in for a second factor, and you have none.',
    next: 'Set one up; recovery codes come with it.',
  },
  'factor.required': {
    status: 409,
    detail: 'Your organisation requires a second factor, and this is your last.',
    next: 'Set up another one first.',
  },
  'factor.too_many': {
    status: 409,
    detail: 'You have as many passkeys as one person may have.',
    next: 'Remove one that you no longer use.',
  },
  'factor.own_first': {
    status: 409,
    detail: 'You have no second factor yourself, so this rule would shut you out.',
    next: 'Set one up under Account, then require it.',
  },
  'password.longer_first': {
    status: 409,
    detail: 'Without it you would be left with a password that is too short to stand alone, or with none.',
    next: 'Choose a longer password first.',
  },
} as const satisfies Record<string, Entry>
