/** Passkeys, authenticator apps and recovery codes: what one has, setting them up, and proving with them who one is. */
import { z } from 'zod'
import { Deliver, GivenPassword, Remember, SignInReply, Slug } from './accounts.ts'
import { endpoint, line, Time } from './endpoint.ts'
import { PasskeyId } from './ids.ts'

const bytes = (most: number) =>
  z
    .string()
    .regex(/^[A-Za-z0-9_-]+$/, 'must be base64url')
    .max(most)

/** What `navigator.credentials.create` gives, as JSON (WebAuthn Level 3). */
export const NewPasskey = z.strictObject({
  id: bytes(1_400),
  rawId: bytes(1_400),
  type: z.literal('public-key'),
  response: z.strictObject({
    clientDataJSON: bytes(4_000),
    attestationObject: bytes(20_000),
    authenticatorData: bytes(10_000).optional(),
    transports: z.array(z.string().max(40)).max(10).optional(),
    publicKeyAlgorithm: z.number().int().optional(),
    publicKey: bytes(10_000).optional(),
  }),
  authenticatorAttachment: z.enum(['cross-platform', 'platform']).optional(),
  clientExtensionResults: z.looseObject({}),
})

/** What `navigator.credentials.get` gives, as JSON. */
export const PasskeyResponse = z.strictObject({
  id: bytes(1_400),
  rawId: bytes(1_400),
  type: z.literal('public-key'),
  response: z.strictObject({
    clientDataJSON: bytes(4_000),
    authenticatorData: bytes(10_000),
    signature: bytes(10_000),
    userHandle: bytes(200).optional(),
  }),
  authenticatorAttachment: z.enum(['cross-platform', 'platform']).optional(),
  clientExtensionResults: z.looseObject({}),
})
export type PasskeyResponse = z.infer<typeof PasskeyResponse>

/** Of an authenticator app; people type it with a space in its middle. */
const Code = z
  .string()
  .max(20)
  .transform((text) => text.replace(/\s/g, ''))
  .pipe(z.string().regex(/^\d{6}$/, 'must be six digits'))
/** However it was spaced or cased. */
const RecoveryCode = z
  .string()
  .max(60)
  .transform((text) => text.replace(/[\s-]/g, '').toUpperCase())
  .pipe(z.string().regex(/^[0-9A-Z]{24}$/, 'must be 24 letters and digits'))

/** For `navigator.credentials`, by way of a library that reads JSON. */
const Options = z.strictObject({ options: z.looseObject({ challenge: z.string() }) })

export const Passkey = z.strictObject({
  id: PasskeyId,
  name: z.string(),
  synced: z.boolean().describe('whether it may be on several devices of its person'),
  timeCreated: Time,
  usedAt: Time.nullable(),
})
export type Passkey = z.infer<typeof Passkey>

export const Factors = z.strictObject({
  password: z.boolean(),
  passkeys: z.array(Passkey),
  authenticatorApp: z.strictObject({ timeCreated: Time }).nullable(),
  recoveryCodesLeft: z.number().int(),
  required: z.boolean().describe('whether the organisation requires a second factor of this person'),
})
export type Factors = z.infer<typeof Factors>

/** A second factor was set up. The first one comes with recovery codes, and with a new token where the login was good for nothing else. */
const Added = z.strictObject({
  recoveryCodes: z.array(z.string()).nullable().describe('secret; shown once'),
  token: z.string().nullable().describe('replaces the one in the Authorization header, where that has become another'),
})
export type FactorAdded = z.infer<typeof Added>

/** What people do to what they have; also those who have to set one up before anything else. */
const own = { access: 'user', work: 'door', whileRestricted: true } as const
const changes = { ...own, proof: true } as const

export const getFactors = endpoint({
  ...own,
  id: 'factors.get',
  method: 'GET',
  path: '/api/me/factors',
  summary: 'What one signs in with',
  reply: Factors,
})

export const beginPasskey = endpoint({
  ...changes,
  id: 'passkeys.begin',
  method: 'POST',
  path: '/api/me/passkeys/begin',
  summary: 'Begin to add a passkey: what the browser needs to make one. Good for five minutes',
  reply: Options,
  fails: ['factor.too_many'],
})

export const addPasskey = endpoint({
  ...changes,
  id: 'passkeys.add',
  method: 'POST',
  path: '/api/me/passkeys',
  summary: 'Add the passkey that the browser made',
  status: 201,
  body: z.strictObject({ name: line(60), passkey: NewPasskey }),
  reply: Added,
  fails: ['passkey.refused', 'factor.too_many'],
})

const OnePasskey = z.strictObject({ passkeyId: PasskeyId })

export const renamePasskey = endpoint({
  ...own,
  id: 'passkeys.rename',
  method: 'PATCH',
  path: '/api/me/passkeys/:passkeyId',
  summary: 'Give a passkey another name',
  status: 204,
  params: OnePasskey,
  body: z.strictObject({ name: line(60) }),
  fails: ['passkey.not_found'],
})

export const removePasskey = endpoint({
  ...changes,
  id: 'passkeys.remove',
  method: 'DELETE',
  path: '/api/me/passkeys/:passkeyId',
  summary: 'Remove a passkey: it opens nothing any more',
  status: 204,
  params: OnePasskey,
  fails: ['passkey.not_found', 'factor.required', 'password.longer_first'],
})

export const beginAuthenticatorApp = endpoint({
  ...changes,
  id: 'authenticator_app.begin',
  method: 'POST',
  path: '/api/me/authenticator-app',
  summary: 'Begin to set up an authenticator app: the secret for it, which counts once a code of it was given',
  status: 201,
  reply: z.strictObject({
    secret: z.string().describe('secret, in base 32'),
    uri: z.string().describe('the same for a QR code'),
  }),
  fails: ['authenticator_app.exists'],
})

export const confirmAuthenticatorApp = endpoint({
  ...changes,
  id: 'authenticator_app.confirm',
  method: 'POST',
  path: '/api/me/authenticator-app/confirm',
  summary: 'Confirm an authenticator app with a code of it',
  body: z.strictObject({ code: Code }),
  reply: Added,
  fails: ['auth.wrong_code', 'auth.too_many_attempts', 'authenticator_app.not_begun'],
})

export const removeAuthenticatorApp = endpoint({
  ...changes,
  id: 'authenticator_app.remove',
  method: 'DELETE',
  path: '/api/me/authenticator-app',
  summary: 'Remove the authenticator app: its codes open nothing any more',
  status: 204,
  fails: ['authenticator_app.not_found', 'factor.required', 'password.longer_first'],
})

export const makeRecoveryCodes = endpoint({
  ...changes,
  id: 'recovery_codes.make',
  method: 'POST',
  path: '/api/me/recovery-codes',
  summary: 'Make new recovery codes; earlier ones stop working. They are in this reply and nowhere else',
  status: 201,
  reply: z.strictObject({ recoveryCodes: z.array(z.string()).describe('secret; shown once') }),
  fails: ['factor.none'],
})

export const beginPasskeySignIn = endpoint({
  id: 'auth.passkey_begin',
  method: 'POST',
  path: '/api/auth/passkey/begin',
  summary: 'Begin to sign in with a passkey: what the browser needs to ask for one. Good for five minutes',
  access: 'anyone',
  work: 'door',
  body: z.strictObject({ organisation: Slug.optional() }),
  reply: Options,
  fails: ['auth.organisation_needed'],
})

export const signInWithPasskey = endpoint({
  id: 'auth.passkey',
  method: 'POST',
  path: '/api/auth/passkey',
  summary: 'Sign in with a passkey alone: it is both factors, since the device asks who is there',
  access: 'anyone',
  work: 'door',
  body: z.strictObject({ passkey: PasskeyResponse, organisation: Slug.optional(), remember: Remember, deliver: Deliver }),
  reply: SignInReply,
  fails: ['passkey.refused', 'auth.too_many_attempts', 'auth.organisation_needed', 'auth.wrong_credentials'],
})

/** Names the sign-in that waits for a second factor. */
const Ticket = z.string().max(200)

export const beginSecondFactor = endpoint({
  id: 'auth.second_factor_begin',
  method: 'POST',
  path: '/api/auth/second-factor/begin',
  summary: 'Begin to use a passkey as the second factor of a sign-in',
  access: 'anyone',
  work: 'door',
  body: z.strictObject({ ticket: Ticket }),
  reply: Options,
  fails: ['auth.ticket_invalid'],
})

/** One of them. */
const SECOND_FACTORS = { code: Code.optional(), recoveryCode: RecoveryCode.optional(), passkey: PasskeyResponse.optional() }

export const giveSecondFactor = endpoint({
  id: 'auth.second_factor',
  method: 'POST',
  path: '/api/auth/second-factor',
  summary: 'Finish a sign-in with its second factor: a code, a recovery code or a passkey',
  access: 'anyone',
  work: 'door',
  body: z
    .strictObject({ ticket: Ticket, ...SECOND_FACTORS, deliver: Deliver })
    .refine(({ code, recoveryCode, passkey }) => [code, recoveryCode, passkey].filter((each) => each !== undefined).length === 1, {
      path: ['code'],
      message: 'must be given, or a recovery code or a passkey, and only one of them',
    }),
  reply: SignInReply,
  fails: [
    'auth.ticket_invalid',
    'auth.wrong_code',
    'auth.wrong_recovery_code',
    'passkey.refused',
    'auth.too_many_attempts',
    'auth.wrong_credentials',
  ],
})

export const beginProof = endpoint({
  ...own,
  id: 'session.prove_begin',
  method: 'POST',
  path: '/api/session/prove/begin',
  summary: 'Begin to prove with a passkey who one is',
  reply: Options,
})

/** How one proves again who one is: with a passkey, or with the password and, where one has a second factor, with that as well. */
export const Proof = z
  .strictObject({
    password: GivenPassword.optional(),
    ...SECOND_FACTORS,
  })
  .refine(({ password, passkey }) => (password === undefined) !== (passkey === undefined), {
    path: ['password'],
    message: 'must be given, or a passkey, and not both',
  })
  .refine(({ passkey, code, recoveryCode }) => [passkey, code, recoveryCode].filter((each) => each !== undefined).length < 2, {
    path: ['code'],
    message: 'must be given, or a recovery code, and not both',
  })
export type Proof = z.output<typeof Proof>

/** Of whom a second factor is required. */
export const SecondFactorRule = z.enum(['optional', 'admins', 'everyone'])
export type SecondFactorRule = z.infer<typeof SecondFactorRule>
