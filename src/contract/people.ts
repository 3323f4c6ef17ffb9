/** Looking after people: roles, suspension, invitations in numbers, recovering accounts, changing one's own address, who sees whom. */
import { z } from 'zod'
import { Deliver, Email, MailWay, Member, NewPassword, Role, SignInReply } from './accounts.ts'
import { endpoint, line, PageQuery, page, Time } from './endpoint.ts'
import { RecoveryId, UserId } from './ids.ts'

const OfPerson = z.strictObject({ userId: UserId })
const Ended = z.strictObject({ ended: z.number().int().describe('how many logins and API tokens of theirs ended by it') })

/** How far the account's recovery is; what has ended is in no reply. */
export const Recovery = z.strictObject({
  id: RecoveryId,
  member: Member,
  lost: z.enum(['password', 'password_and_factors']),
  state: z.enum(['asked', 'approved']).describe('`asked` waits for another administrator; `approved`: a link went to the person'),
  begunBy: z.strictObject({ id: UserId, name: z.string() }).nullable().describe('null for the operator'),
  timeBegun: Time,
  expiresAt: Time,
  mayApprove: z.boolean().describe('whether the caller may: neither who asked, nor whose account it is'),
})
export type Recovery = z.infer<typeof Recovery>

export const MemberDetails = z.strictObject({
  member: Member,
  timeJoined: Time.nullable(),
  signsInWith: z.array(z.enum(['password', 'passkey', 'app', 'provider'])).describe('kinds only'),
  latestSignIn: Time.nullable(),
  logins: z.number().int().describe('that are good now'),
  apiTokens: z.number().int().describe('that are good now'),
  recovery: Recovery.nullable(),
  anotherDecides: z.boolean().describe('whether there is an administrator who could approve a recovery that the caller asks for'),
})
export type MemberDetails = z.infer<typeof MemberDetails>

export const getMember = endpoint({
  id: 'members.get',
  method: 'GET',
  path: '/api/members/:userId',
  summary: 'A person as administrators see them: how they sign in, not what with. They see in their log that an administrator looked',
  access: 'admin',
  work: 'door',
  params: OfPerson,
  reply: MemberDetails,
  fails: ['member.not_found'],
})

export const changeRole = endpoint({
  id: 'members.change_role',
  method: 'POST',
  path: '/api/members/:userId/role',
  summary: 'Give somebody another role, which ends their logins; an administrator stays in any case',
  access: 'admin',
  work: 'door',
  proof: true,
  params: OfPerson,
  body: z.strictObject({ role: Role }),
  reply: Ended,
  fails: ['member.not_found', 'member.last_administrator'],
})

export const suspendMember = endpoint({
  id: 'members.suspend',
  method: 'POST',
  path: '/api/members/:userId/suspend',
  summary: 'Let somebody in no more, and end their logins and API tokens; their chats stay theirs',
  access: 'admin',
  work: 'door',
  proof: true,
  params: OfPerson,
  reply: Ended,
  fails: ['member.not_found', 'member.last_administrator', 'member.oneself'],
})

export const reinstateMember = endpoint({
  id: 'members.reinstate',
  method: 'POST',
  path: '/api/members/:userId/reinstate',
  summary: 'Take a suspension back; what had ended stays ended',
  access: 'admin',
  work: 'door',
  proof: true,
  status: 204,
  params: OfPerson,
  fails: ['member.not_found'],
})

/** As they were typed, or read from a file: what is wrong with one is said of that one. */
const Invitee = z.strictObject({ name: z.string().max(400), email: z.string().max(400), role: z.string().max(40).default('user') })

/** What somebody must be to be invited; also for a page that says what is wrong before anything is sent. */
export const NewMember = z.strictObject({ name: line(80), email: Email, role: Role })

export const inviteMembers = endpoint({
  id: 'members.invite',
  method: 'POST',
  path: '/api/members/invite',
  summary: 'Invite up to 200 people; each has an outcome, and sent again it invites nobody twice. Letters go out afterwards',
  access: 'admin',
  work: 'door',
  proof: true,
  body: z.strictObject({ people: z.array(Invitee).min(1).max(200) }),
  reply: z.strictObject({
    outcomes: z
      .array(
        z.strictObject({
          email: z.string(),
          outcome: z.enum(['invited', 'exists', 'invalid']),
          wrong: z.array(z.strictObject({ field: z.enum(['name', 'email', 'role']), message: z.string() })),
        }),
      )
      .describe('in the order of the request'),
    mail: MailWay,
  }),
})

export const knownMembers = endpoint({
  id: 'members.known',
  method: 'POST',
  path: '/api/members/known',
  summary: 'Which of these addresses belong to people of the organisation already',
  access: 'admin',
  work: 'door',
  body: z.strictObject({ emails: z.array(Email).min(1).max(200) }),
  reply: z.strictObject({ items: z.array(z.strictObject({ email: z.string(), joined: z.boolean() })) }),
})

export const PendingInvitation = z.strictObject({
  member: Member,
  letter: z.enum(['on_its_way', 'sent', 'failed', 'none']).describe('`none`: of no link that is there a letter is known'),
  expiresAt: Time.nullable().describe('null when there is no link any more'),
})
export type PendingInvitation = z.infer<typeof PendingInvitation>

export const listInvitations = endpoint({
  id: 'invitations.list',
  method: 'GET',
  path: '/api/invitations',
  summary: 'Who was invited and has not joined, the latest first, and what became of their letters',
  access: 'admin',
  work: 'door',
  query: PageQuery,
  reply: page(PendingInvitation).extend({ mail: MailWay, failed: z.number().int().describe('letters that could not be sent, in all') }),
  fails: ['cursor.invalid'],
})

export const cancelInvitation = endpoint({
  id: 'invitations.cancel',
  method: 'DELETE',
  path: '/api/members/:userId/invitation',
  summary: 'Take an invitation back that was not accepted: the account is removed, and its link is good for nothing',
  access: 'admin',
  work: 'door',
  proof: true,
  status: 204,
  params: OfPerson,
  fails: ['member.not_found', 'member.joined'],
})

const Lost = Recovery.shape.lost

export const startRecovery = endpoint({
  id: 'recoveries.start',
  method: 'POST',
  path: '/api/members/:userId/recovery',
  summary: 'Let somebody in again who cannot sign in: by a link in their own mailbox. If second factors go, another administrator decides',
  access: 'admin',
  work: 'door',
  proof: true,
  status: 201,
  params: OfPerson,
  body: z.strictObject({ lost: Lost }),
  reply: z.strictObject({ recovery: Recovery, mail: MailWay, sent: z.boolean().describe('whether the letter to the person was sent') }),
  fails: ['member.not_found', 'member.oneself', 'recovery.not_possible', 'recovery.open'],
})

export const listRecoveries = endpoint({
  id: 'recoveries.list',
  method: 'GET',
  path: '/api/recoveries',
  summary: 'Recoveries under way, the latest first; a hundred at most',
  access: 'admin',
  work: 'door',
  reply: z.strictObject({ items: z.array(Recovery) }),
})

export const decideRecovery = endpoint({
  id: 'recoveries.decide',
  method: 'POST',
  path: '/api/recoveries/:recoveryId/decide',
  summary: 'Approve a recovery that another administrator asked for, or end one',
  access: 'admin',
  work: 'door',
  proof: true,
  params: z.strictObject({ recoveryId: RecoveryId }),
  body: z.strictObject({ approve: z.boolean() }),
  reply: z.strictObject({ sent: z.boolean().describe('whether a link was sent to the person'), mail: MailWay }),
  fails: ['recovery.not_found', 'recovery.not_yours'],
})

export const ownRecovery = endpoint({
  id: 'recovery.own',
  whileRestricted: true,
  method: 'GET',
  path: '/api/me/recovery',
  summary: 'Whether somebody is recovering one’s own account',
  access: 'user',
  work: 'door',
  activity: false,
  reply: z.strictObject({ recovery: Recovery.omit({ member: true, mayApprove: true }).nullable() }),
})

export const stopRecovery = endpoint({
  id: 'recovery.stop',
  whileRestricted: true,
  method: 'POST',
  path: '/api/me/recovery/stop',
  summary: 'Stop it: whoever can sign in needs no recovery',
  access: 'user',
  work: 'door',
  status: 204,
})

export const useRecovery = endpoint({
  id: 'recovery.use',
  method: 'POST',
  path: '/api/recovery/use',
  summary: 'Choose a new password through a recovery link; all logins end, and one begins here',
  access: 'anyone',
  work: 'door',
  body: z.strictObject({ token: z.string().max(400), password: NewPassword, deliver: Deliver }),
  reply: SignInReply,
  fails: ['recovery.invalid', 'password.weak', 'auth.too_many_attempts'],
})

export const askAddress = endpoint({
  id: 'address.ask',
  method: 'POST',
  path: '/api/me/address',
  summary: 'Change one’s own address: a link goes to the new one, and the old one is told. The reply says not whether somebody has it',
  access: 'user',
  work: 'door',
  proof: true,
  status: 202,
  body: z.strictObject({ email: Email }),
  reply: z.strictObject({ mail: MailWay, sent: z.boolean() }),
  fails: ['address.asked_just_now', 'address.unchanged'],
})

export const getAskedAddress = endpoint({
  id: 'address.asked',
  method: 'POST',
  path: '/api/me/address/asked',
  summary: 'Which address a link would confirm, as the person who asked',
  access: 'user',
  work: 'door',
  body: z.strictObject({ token: z.string().max(400) }),
  reply: z.strictObject({ email: z.string() }),
  fails: ['address.invalid'],
})

export const confirmAddress = endpoint({
  id: 'address.confirm',
  method: 'POST',
  path: '/api/me/address/confirm',
  summary: 'Confirm a new address through the link that was mailed there, as the person who asked',
  access: 'user',
  work: 'door',
  body: z.strictObject({ token: z.string().max(400) }),
  reply: z.strictObject({ email: z.string() }),
  fails: ['address.invalid'],
})

export const getPendingAddress = endpoint({
  id: 'address.pending',
  method: 'GET',
  path: '/api/me/address',
  summary: 'The new address that one asked for and has not confirmed; null when there is none',
  access: 'user',
  work: 'door',
  reply: z.strictObject({ pending: z.strictObject({ email: z.string(), until: Time }).nullable() }),
})

export const withdrawAddress = endpoint({
  id: 'address.withdraw',
  method: 'DELETE',
  path: '/api/me/address',
  summary: 'Withdraw the change of one’s address: its link is good for nothing any more',
  access: 'user',
  work: 'door',
  status: 204,
})

export const Directory = z.strictObject({ shows: z.enum(['everyone', 'shared']) })
export type Directory = z.infer<typeof Directory>

export const getDirectory = endpoint({
  id: 'directory.get',
  method: 'GET',
  path: '/api/directory',
  summary: 'Whom people see: everyone, or administrators and those with whom they share something',
  access: 'user',
  work: 'read',
  reply: Directory,
})

export const setDirectory = endpoint({
  id: 'directory.set',
  method: 'PATCH',
  path: '/api/directory',
  summary: 'Change whom people see. Administrators see all',
  access: 'admin',
  work: 'door',
  proof: true,
  body: Directory,
  reply: Directory,
})
