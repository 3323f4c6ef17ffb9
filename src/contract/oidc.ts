/** Signing in through an organisation's own OpenID Connect provider: how it is set up, used, and linked to accounts. */
import { z } from 'zod'
import { SignInReply, Slug } from './accounts.ts'
import { endpoint, line, Time } from './endpoint.ts'
import { IdentityId, TenantId } from './ids.ts'

/** In the clear only on this machine; which ports of it, the operator says. */
const SAFE = /^(https:[/][/]|http:[/][/](localhost|127([.]\d{1,3}){3}|\[::1\])(:\d+)?([/]|$))/i

/** Kept as it was entered, since a provider's tokens are compared with it letter by letter. */
const Issuer = z
  .string()
  .trim()
  .max(300)
  .refine((address) => SAFE.test(address) && z.url().safeParse(address).success, { error: 'must be an https address', abort: true })
  .refine((address) => !/[?#@]/.test(address), 'must be without a query, a fragment or a name')
const Secret = z
  .string()
  .trim()
  .min(1, 'must not be empty')
  .max(500)
  .regex(/^[\x21-\x7e]+$/, 'must be letters, digits and signs without spaces')
const Domain = z
  .string()
  .trim()
  .toLowerCase()
  .max(253)
  .regex(/^(?:[a-z0-9](?:[a-z0-9-]*[a-z0-9])?[.])+[a-z][a-z0-9-]*[a-z0-9]$/, 'must be a domain, such as example.org')

const settings = {
  name: line(40).describe('what the button says: “Sign in with …”'),
  issuer: Issuer,
  clientId: line(300),
  domains: z.array(Domain).max(50).describe('whose addresses may get an account by themselves'),
  justInTime: z.boolean().describe('whether people whom nobody invited get an account when they first sign in'),
  trustsAddresses: z.boolean().describe('whether addresses count as verified where the issuer does not say'),
  twoFactors: z.boolean().describe('whether its sign-in counts as two factors, so that none is asked for here'),
  on: z.boolean(),
} as const

export const SignInProvider = z.strictObject({ ...settings, issuer: z.string(), timeChanged: Time })
export type SignInProvider = z.infer<typeof SignInProvider>

const NewSignInProvider = z
  .strictObject({
    ...settings,
    clientSecret: Secret.optional().describe('the one that is kept, when left out; a new issuer or client needs it again'),
  })
  .refine(({ justInTime, domains }) => !justInTime || domains.length > 0, {
    path: ['domains'],
    message: 'must name one at least, or everybody whom the provider knows would get an account',
  })

export const getSignInProvider = endpoint({
  id: 'sign_in_provider.get',
  method: 'GET',
  path: '/api/sign-in-provider',
  summary: 'The provider through which people may sign in, and the addresses that it has to be told',
  access: 'admin',
  work: 'door',
  reply: z.strictObject({
    provider: SignInProvider.nullable(),
    redirectAddress: z.string(),
    logoutAddress: z.string().describe('for back-channel logout'),
  }),
})

export const setSignInProvider = endpoint({
  id: 'sign_in_provider.set',
  method: 'POST',
  path: '/api/sign-in-provider',
  summary: 'Set the provider up, or change it; all administrators are told. Links of people stay with the issuer they were made with',
  access: 'admin',
  work: 'door',
  proof: true,
  body: NewSignInProvider,
  reply: SignInProvider,
  fails: ['oidc.secret_needed', 'provider.address_refused', 'factor.own_first'],
})

const Finding = z.strictObject({ good: z.boolean().nullable().describe('null where it cannot be told'), sentence: z.string() })
export type Finding = z.infer<typeof Finding>

export const testSignInProvider = endpoint({
  id: 'sign_in_provider.test',
  method: 'POST',
  path: '/api/sign-in-provider/test',
  summary:
    'Ask the provider what it is and whether it knows this client, without signing in; the stored secret goes to the stored issuer only',
  access: 'admin',
  work: 'door',
  body: z.strictObject({ issuer: Issuer, clientId: settings.clientId, clientSecret: Secret.optional() }),
  reply: z.strictObject({ findings: z.array(Finding) }),
  fails: ['provider.address_refused'],
})

/** Where the browser has to go; the reply ties the way to it by a cookie. */
const Way = z.strictObject({ address: z.string() })
/** A page of this server to come back to. */
const Next = z
  .string()
  .max(1_000)
  .regex(/^[/](?:$|[^/\\])/, 'must be a path')
  .default('/')

const WAY_FAILURES = ['oidc.off', 'oidc.unreachable'] as const

export const trySignInProvider = endpoint({
  id: 'sign_in_provider.try',
  method: 'POST',
  path: '/api/sign-in-provider/try',
  summary: 'Begin the whole way through the provider as it is kept, to see what it says, without signing anybody in',
  access: 'admin',
  work: 'door',
  reply: Way,
  fails: WAY_FAILURES,
})

export const findSignInProvider = endpoint({
  id: 'auth.oidc_offer',
  method: 'POST',
  path: '/api/auth/oidc/offer',
  summary: 'Whether an organisation lets people sign in through a provider, and what it is called',
  access: 'anyone',
  work: 'door',
  activity: false,
  body: z.strictObject({ organisation: Slug.optional(), invitation: z.string().max(400).optional() }),
  reply: z.strictObject({ name: z.string().nullable().describe('null for none') }),
  fails: ['auth.organisation_needed'],
})

export const startSignIn = endpoint({
  id: 'auth.oidc_start',
  method: 'POST',
  path: '/api/auth/oidc/start',
  summary: 'Begin to sign in through the provider, or to accept an invitation through it',
  access: 'anyone',
  work: 'door',
  body: z.strictObject({
    organisation: Slug.optional(),
    invitation: z.string().max(400).optional().describe('the token of an invitation link'),
    remember: z.boolean().default(false),
    next: Next,
  }),
  reply: Way,
  fails: ['auth.organisation_needed', 'invitation.invalid', ...WAY_FAILURES],
})

export const returnFromProvider = endpoint({
  id: 'auth.oidc_callback',
  method: 'GET',
  path: '/api/auth/oidc/callback/:tenantId',
  summary: 'Where the provider sends the browser back. Signs nobody in: the page that follows fetches what came of it',
  access: 'anyone',
  work: 'door',
  activity: false,
  params: z.strictObject({ tenantId: TenantId }),
  // Providers add what they like.
  query: z.looseObject({}),
  status: 303,
})

export const Found = z.strictObject({
  name: z.string().nullable(),
  email: z.string().nullable(),
  verified: z.boolean().nullable().describe('what the provider says of the address; null when it says nothing'),
  subject: z.string(),
  verdict: z.string().describe('what signing in would lead to, in a sentence'),
})
export type Found = z.infer<typeof Found>

export const finishWay = endpoint({
  id: 'auth.oidc_finish',
  method: 'POST',
  path: '/api/auth/oidc/finish',
  summary: 'Fetch what came of the way through the provider that this browser began, once: signing in, a link, a proof, or a try',
  access: 'anyone',
  work: 'door',
  reply: z.strictObject({
    next: z.string(),
    outcome: z.union([
      z.strictObject({ state: z.enum(['linked', 'proven']) }),
      z.strictObject({ state: z.literal('tried'), found: Found }),
      z.strictObject({ state: z.literal('sign_in'), reply: SignInReply }),
    ]),
  }),
  fails: [
    'oidc.not_begun',
    'oidc.changed',
    'oidc.declined',
    'oidc.failed',
    'oidc.unverified',
    'oidc.domain_refused',
    'oidc.not_linked',
    'oidc.no_account',
    'oidc.refused',
    'oidc.linked_elsewhere',
    'oidc.not_yours',
    'oidc.stale',
    'oidc.not_enough',
    ...WAY_FAILURES,
    'invitation.invalid',
  ],
})

export const endByProvider = endpoint({
  id: 'auth.oidc_logout',
  method: 'POST',
  path: '/api/auth/oidc/backchannel-logout/:tenantId',
  summary: 'Back-channel logout of OpenID Connect: the provider ends the logins that began at it',
  access: 'anyone',
  work: 'door',
  activity: false,
  params: z.strictObject({ tenantId: TenantId }),
  form: true,
  body: z.looseObject({ logout_token: z.string().max(16_000) }),
  fails: ['oidc.bad_logout'],
})

export const Identity = z.strictObject({
  id: IdentityId,
  issuer: z.string(),
  current: z.boolean().describe('whether it is of the provider that is in use now'),
  timeLinked: Time,
  usedAt: Time.nullable(),
})
export type Identity = z.infer<typeof Identity>

export const listIdentities = endpoint({
  id: 'identities.list',
  method: 'GET',
  path: '/api/me/identities',
  summary: 'The provider that one may sign in through, and one’s own links',
  access: 'user',
  work: 'door',
  activity: false,
  reply: z.strictObject({
    provider: z.string().nullable().describe('its name; null when none is on'),
    proves: z.boolean().describe('whether signing in there anew would be a fresh proof'),
    items: z.array(Identity),
  }),
})

export const linkIdentity = endpoint({
  id: 'identities.link',
  method: 'POST',
  path: '/api/me/identities',
  summary: 'Begin to link one’s account at the provider, so that one can sign in through it',
  access: 'user',
  work: 'door',
  proof: true,
  body: z.strictObject({ next: Next }),
  reply: Way,
  fails: WAY_FAILURES,
})

export const unlinkIdentity = endpoint({
  id: 'identities.unlink',
  method: 'DELETE',
  path: '/api/me/identities/:identityId',
  summary: 'Undo a link; not the last way to sign in',
  access: 'user',
  work: 'door',
  proof: true,
  status: 204,
  params: z.strictObject({ identityId: IdentityId }),
  fails: ['identity.not_found', 'identity.last_way'],
})

export const proveByProvider = endpoint({
  id: 'session.prove_by_provider',
  method: 'POST',
  path: '/api/session/prove-by-provider',
  summary: 'Begin to prove who one is by signing in at the provider anew',
  access: 'user',
  work: 'door',
  body: z.strictObject({ next: Next }),
  reply: Way,
  fails: ['oidc.not_linked_here', 'oidc.not_enough', ...WAY_FAILURES],
})
