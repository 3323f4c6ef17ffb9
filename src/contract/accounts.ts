/** Setting up, signing in and out, who one is, and the people of the organisation. */
import { z } from 'zod'
import { ModelId } from './chats.ts'
import { endpoint, line, PageQuery, page, Time } from './endpoint.ts'
import { ScopeId, SessionId, TenantId, UserId } from './ids.ts'
import { LEAST_BESIDE_FACTOR, lengthOf, MOST_CHARACTERS } from './password-rules.ts'

export const Role = z.enum(['user', 'admin'])
export type Role = z.infer<typeof Role>

/** ASCII before its letters are made small: some others become plain ones by that, and would pass for somebody else’s. */
export const Email = z
  .string()
  .trim()
  .regex(/^[ -~]*$/, 'must be of plain letters, digits and signs; a domain of others is written as xn--…')
  .toLowerCase()
  .max(254)
  .pipe(z.email('must look like name@example.org'))
export const Slug = z
  .string()
  .trim()
  .toLowerCase()
  .regex(/^[a-z0-9](?:[a-z0-9-]{0,38}[a-z0-9])?$/, 'must be letters, digits and hyphens, at most 40')
/** Any characters, never trimmed. How many there must be depends on whose it is; fewer than eight are enough for nobody. */
export const NewPassword = z
  .string()
  .refine((password) => lengthOf(password) >= LEAST_BESIDE_FACTOR, 'is too short')
  .refine((password) => lengthOf(password) <= MOST_CHARACTERS, `must be at most ${MOST_CHARACTERS} characters`)
  .refine((password) => password.isWellFormed(), 'must not contain halves of characters')
export const GivenPassword = z
  .string()
  .min(1, 'must not be empty')
  .refine((password) => lengthOf(password) <= MOST_CHARACTERS, `must be at most ${MOST_CHARACTERS} characters`)
/** `cookie` sets an HttpOnly cookie and returns no token; `token` returns it for the Authorization header and sets none. */
export const Deliver = z.enum(['cookie', 'token']).default('cookie')
export const Remember = z.boolean().default(false).describe('stay signed in for longer, where the organisation allows it')

export const Preferences = z.strictObject({
  theme: z.enum(['system', 'light', 'dark']).default('system'),
  model: ModelId.nullable().default(null).describe('id of the model that new chats start with'),
  sendKey: z.enum(['enter', 'mod_enter']).default('enter').describe('what sends a question: Enter, or Enter with Ctrl or Cmd'),
  motion: z.enum(['system', 'reduced']).default('system'),
})
export type Preferences = z.infer<typeof Preferences>

const { theme, model, sendKey, motion } = Preferences.shape
const PreferenceChanges = z.strictObject({
  theme: theme.unwrap().optional(),
  model: model.unwrap().optional(),
  sendKey: sendKey.unwrap().optional(),
  motion: motion.unwrap().optional(),
})

const PictureVersion = z.uuid().nullable().describe('changes with the picture; null where there is none')
export const Leaving = z.strictObject({
  askedAt: Time,
  erasedFrom: Time.describe('until then it can be undone; from then on everything of the person is erased'),
})
export type Leaving = z.infer<typeof Leaving>

export const Me = z.strictObject({
  user: z.strictObject({
    id: UserId,
    name: z.string(),
    email: z.string(),
    role: Role,
    picture: PictureVersion,
    preferences: Preferences,
  }),
  organisation: z.strictObject({ id: TenantId, name: z.string(), slug: z.string() }),
  session: z.strictObject({
    id: SessionId,
    expiresAt: Time,
    remembered: z.boolean(),
    restricted: z.boolean().describe('whether it is good for nothing but setting up the second factor that the organisation requires'),
  }),
  personalScopeId: ScopeId,
  leaving: Leaving.nullable().describe('when one asked to be erased, and until when that can be undone'),
})
export type Me = z.infer<typeof Me>

const SignedIn = z.strictObject({
  state: z.literal('signed_in'),
  me: Me,
  token: z.string().nullable().describe('null when a cookie was set'),
})
/** The first factor was good, and there is a second one to give: `auth.second_factor`. */
const SecondFactorAsked = z.strictObject({
  state: z.literal('second_factor'),
  ticket: z.string().describe('names this sign-in; good once'),
  expiresAt: Time,
  factors: z.strictObject({
    code: z.boolean().describe('of an authenticator app'),
    passkey: z.boolean(),
    recoveryCode: z.boolean(),
  }),
})
/** What proving something leads to. */
export const SignInReply = z.discriminatedUnion('state', [SignedIn, SecondFactorAsked])
export type SignInReply = z.infer<typeof SignInReply>

export const Status = z.strictObject({
  product: z.literal('Sardonyx'),
  version: z.string(),
  state: z.enum(['setup', 'ready']).describe('`setup` until the first organisation exists'),
  askOrganisation: z.boolean().describe('whether signing in needs the short name of the organisation'),
  remember: z.boolean().describe('whether a longer login may be asked for; each organisation decides'),
  mail: z.enum(['smtp', 'folder']).describe('whether letters go out by mail, or to the operator of the server alone'),
})

export const getStatus = endpoint({
  id: 'status.get',
  method: 'GET',
  path: '/api/status',
  summary: 'Whether this server is set up, and how to sign in to it',
  access: 'anyone',
  work: 'door',
  activity: false,
  reply: Status,
})

export const setUp = endpoint({
  id: 'setup.run',
  method: 'POST',
  path: '/api/setup',
  summary: 'Make the organisation and its first administrator, with the code from the terminal',
  access: 'anyone',
  work: 'door',
  status: 201,
  body: z.strictObject({
    code: z.string().trim().max(64),
    organisation: line(80),
    slug: Slug.optional(),
    name: line(80),
    email: Email,
    password: NewPassword,
    deliver: Deliver,
  }),
  reply: SignInReply,
  fails: ['setup.done', 'setup.wrong_code', 'password.weak', 'auth.too_many_attempts'],
})

export const signIn = endpoint({
  id: 'auth.sign_in',
  method: 'POST',
  path: '/api/auth/sign-in',
  summary: 'Sign in with address and password',
  access: 'anyone',
  work: 'door',
  body: z.strictObject({ email: Email, password: GivenPassword, organisation: Slug.optional(), remember: Remember, deliver: Deliver }),
  reply: SignInReply,
  fails: ['auth.wrong_credentials', 'auth.too_many_attempts', 'auth.organisation_needed'],
})

export const signOut = endpoint({
  id: 'auth.sign_out',
  whileRestricted: true,
  method: 'POST',
  path: '/api/auth/sign-out',
  summary: 'End this login session everywhere it is used',
  access: 'user',
  work: 'door',
  status: 204,
})

export const getMe = endpoint({
  id: 'me.get',
  whileRestricted: true,
  method: 'GET',
  path: '/api/me',
  summary: 'Who is signed in',
  access: 'user',
  work: 'read',
  token: ['read', 'chat', 'admin'],
  reply: Me,
})

export const setPreferences = endpoint({
  id: 'me.set_preferences',
  method: 'PATCH',
  path: '/api/me/preferences',
  summary: 'Change own preferences; fields left out stay as they are',
  access: 'user',
  work: 'door',
  body: PreferenceChanges,
  reply: Preferences,
})

export const Member = z.strictObject({
  id: UserId,
  name: z.string(),
  email: z.string(),
  role: Role,
  picture: PictureVersion,
  joined: z.boolean().describe('false until the person has accepted the invitation'),
  suspended: z.boolean(),
  timeCreated: Time,
  leavesAt: Time.optional().describe('when they will be erased, since they asked to be; only administrators are told'),
})
export type Member = z.infer<typeof Member>

export const MailWay = z
  .enum(['smtp', 'folder'])
  .describe('whether letters go out by mail, or into a folder that only the operator of the server reads')

const Invitation = z.strictObject({
  member: Member,
  mail: MailWay,
  sent: z.boolean().describe('false when the letter with the link could not be sent; the invitation is there all the same'),
  expiresAt: Time,
})
export type Invitation = z.infer<typeof Invitation>

export const listMembers = endpoint({
  id: 'members.list',
  method: 'GET',
  path: '/api/members',
  summary: 'The people of the organisation whom one may see, by name; who is suspended is listed to administrators only',
  access: 'user',
  work: 'read',
  token: ['read', 'chat', 'admin'],
  query: PageQuery.extend({
    query: line(254).optional().describe('a part of a name or an address'),
    status: z.enum(['joined', 'invited', 'suspended']).optional(),
  }),
  reply: page(Member),
  fails: ['cursor.invalid'],
})

export const addMember = endpoint({
  id: 'members.add',
  method: 'POST',
  path: '/api/members',
  summary: 'Create an account; its person is sent a link by which they choose their own password',
  access: 'admin',
  work: 'door',
  proof: true,
  status: 201,
  body: z.strictObject({ name: line(80), email: Email, role: Role.default('user') }),
  reply: Invitation,
  fails: ['member.exists'],
})

export const inviteAgain = endpoint({
  id: 'members.invite_again',
  method: 'POST',
  path: '/api/members/:userId/invitation',
  summary: 'Send a new link to somebody who has not joined yet; the old one stops working',
  access: 'admin',
  work: 'door',
  proof: true,
  status: 201,
  params: z.strictObject({ userId: UserId }),
  reply: Invitation,
  fails: ['member.not_found', 'member.joined'],
})

export const acceptInvitation = endpoint({
  id: 'invitation.accept',
  method: 'POST',
  path: '/api/invitations/accept',
  summary: 'Choose a password through an invitation link, and be signed in',
  access: 'anyone',
  work: 'door',
  body: z.strictObject({ token: z.string().max(400), password: NewPassword, deliver: Deliver }),
  reply: SignInReply,
  fails: ['invitation.invalid', 'password.weak', 'auth.too_many_attempts'],
})
