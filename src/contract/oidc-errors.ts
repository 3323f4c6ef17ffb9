/** The part of the catalogue of failures that is about sign-in providers. */
import type { Entry } from './factor-errors.ts'

export const oidcFailures = {
  'oidc.off': {
    status: 409,
    detail: 'Your organisation has no provider to sign in through, or it is switched off.',
    next: 'Sign in with your address and password, or ask an administrator.',
  },
  'oidc.unreachable': {
    status: 502,
    detail: 'The sign-in provider of your organisation cannot be reached, or does not answer as one.',
    next: 'Try again in a moment; if that does not help, ask an administrator to test it.',
  },
  'oidc.secret_needed': {
    status: 400,
    detail: 'Issuer or client were changed, so the stored secret is not sent there.',
    next: 'Enter the client secret again.',
  },
  'oidc.not_begun': {
    status: 404,
    detail: 'This sign-in was not begun in this browser, was finished already, or took longer than ten minutes.',
    next: 'Begin again.',
  },
  'oidc.changed': {
    status: 409,
    detail: 'The sign-in provider was changed while you were there.',
    next: 'Begin again.',
  },
  'oidc.declined': { status: 403, detail: 'The provider says that you did not sign in there.', next: 'Begin again, if you want to.' },
  'oidc.failed': {
    status: 403,
    detail: 'The sign-in provider did not answer in a way that proves who you are.',
    next: 'Begin again; if that does not help, ask an administrator to test the provider.',
  },
  'oidc.unverified': {
    status: 403,
    detail: 'The provider does not vouch for your e-mail address, and nobody here is linked to your account there.',
    next: 'If you have an account here, sign in another way and link it under Account, Sign-in; else ask an administrator to invite you.',
  },
  'oidc.domain_refused': {
    status: 403,
    detail: 'Nobody here is linked to your account at the provider, and addresses like yours get no account by themselves.',
    next: 'If you have an account here, sign in another way and link it under Account, Sign-in; else ask an administrator to invite you.',
  },
  'oidc.not_linked': {
    status: 403,
    detail: 'There is an account with your address, and it is not linked to the provider.',
    next: 'Sign in another way, then link it under Account, Sign-in. After that you can sign in through the provider.',
  },
  'oidc.no_account': {
    status: 403,
    detail: 'Nobody here is linked to your account at the provider.',
    next: 'If you have an account here, sign in another way and link it under Account, Sign-in; else ask an administrator to invite you.',
  },
  'oidc.refused': { status: 403, detail: 'This account may not sign in.', next: 'Ask an administrator of your organisation.' },
  'oidc.linked_elsewhere': {
    status: 409,
    detail: 'That account at the provider is linked to somebody else here, or you have a link to another one there.',
    next: 'Take another account at the provider, or undo the other link first.',
  },
  'oidc.not_yours': {
    status: 403,
    detail: 'You signed in at the provider with another account than the one that is linked to you.',
    next: 'Begin again and take the linked account.',
  },
  'oidc.stale': {
    status: 403,
    detail: 'The provider did not ask you anew who you are.',
    next: 'Prove it with your password or a passkey instead.',
  },
  'oidc.not_linked_here': {
    status: 409,
    detail: 'You have no link to the sign-in provider.',
    next: 'Prove who you are with your password or a passkey.',
  },
  'oidc.not_enough': {
    status: 409,
    detail: 'You have a second factor here, and signing in at the provider counts as one factor alone.',
    next: 'Prove who you are with your password and your second factor, or with a passkey.',
  },
  'oidc.bad_logout': {
    status: 400,
    detail: 'This is not a logout token for this organisation, or it was used already.',
    next: 'Send a new one.',
  },
  'identity.not_found': { status: 404, detail: 'You have no such link.', next: 'Reload the page and try again.' },
  'identity.last_way': {
    status: 409,
    detail: 'This is your only way to sign in.',
    next: 'Choose a password or add a passkey first, under Account, Sign-in.',
  },
} as const satisfies Record<string, Entry>
