/**
 * The closed catalogue of failures. A code is public API: additive only. Replies are problem+json (RFC 9457) with the
 * code, a sentence on what happened (`detail`) and one on what to do (`next`).
 */
import { z } from 'zod'
import { type Entry, factorFailures } from './factor-errors.ts'
import { LEAVING_FAILURES } from './leaving-errors.ts'
import { oidcFailures } from './oidc-errors.ts'
import { SHARING_FAILURES } from './sharing-errors.ts'

const catalogue = {
  ...factorFailures,
  ...oidcFailures,

  'request.invalid': {
    status: 400,
    detail: 'The request is not in the form this address expects.',
    next: 'Correct the fields listed under “errors” and send it again.',
  },
  'request.too_large': { status: 413, detail: 'The request is larger than this server accepts.', next: 'Send less at once.' },
  'request.media_type': { status: 415, detail: 'The request body is not JSON.', next: 'Send it as application/json.' },
  'request.cross_site': { status: 403, detail: 'The request came from another site.', next: 'Open Sardonyx itself and try again there.' },
  'request.not_secure': {
    status: 400,
    detail: 'This page was opened over plain http, where browsers do not keep a login.',
    next: 'Open the https address of this server.',
  },
  'request.too_many': {
    status: 429,
    detail: 'Too many requests came within a minute.',
    next: 'Wait for the time given in Retry-After and try again.',
  },
  'request.unknown_address': {
    status: 404,
    detail: 'There is nothing at this address.',
    next: 'Check the address; /developers lists all there are.',
  },

  'auth.required': { status: 401, detail: 'You are not signed in.', next: 'Sign in and try again.' },
  'auth.proof_needed': {
    status: 401,
    detail: 'This needs a fresh proof that it is you.',
    next: 'Prove it, with a passkey or your password, then do it once more. An API token cannot do this.',
  },
  'auth.wrong_password': { status: 403, detail: 'That is not your password.', next: 'Check it and try again.' },
  'auth.token_replaced': {
    status: 409,
    detail: 'This token was replaced, and its successor is in use.',
    next: 'Use the successor, which an earlier reply gave.',
  },
  'auth.wrong_credentials': { status: 401, detail: 'That address and password do not belong together.', next: 'Check both and try again.' },
  'auth.too_many_attempts': {
    status: 429,
    detail: 'Too many failed attempts.',
    next: 'Wait for the time given in Retry-After and try again.',
  },
  'auth.not_allowed': { status: 403, detail: 'Only an administrator may do this.', next: 'Ask an administrator of your organisation.' },
  'auth.organisation_needed': {
    status: 400,
    detail: 'This server holds several organisations.',
    next: 'Give the short name of yours as well.',
  },
  'password.weak': { status: 400, detail: 'That password is too easy to guess.', next: 'Take a longer one; a sentence works well.' },

  'session.not_found': {
    status: 404,
    detail: 'There is no such login, or it has ended already.',
    next: 'Look at the list of logins again.',
  },
  'session.count_changed': {
    status: 409,
    detail: 'The number of logins has changed since they were counted.',
    next: 'Look at the new number and confirm it.',
  },
  'token.not_found': { status: 404, detail: 'There is no such API token.', next: 'Look at the list of your tokens again.' },
  'token.not_enough': {
    status: 403,
    detail: 'This API token may not do that.',
    next: 'Use one with a scope that allows it, or sign in.',
  },
  'token.too_many': {
    status: 409,
    detail: 'You have as many API tokens as one person may have.',
    next: 'Revoke one that you no longer use.',
  },
  'event.not_found': { status: 404, detail: 'There is no such entry in your security log.', next: 'Reload the page and try again.' },

  'reset.invalid': {
    status: 404,
    detail: 'This link is not valid any more, or was used already.',
    next: 'Ask for a new one where you sign in.',
  },

  'setup.done': { status: 409, detail: 'This server has been set up already.', next: 'Sign in instead.' },
  'setup.wrong_code': {
    status: 403,
    detail: 'That is not the current setup code.',
    next: 'Copy the code from the terminal in which the server was started.',
  },

  'invitation.invalid': {
    status: 404,
    detail: 'This invitation link is not valid, or was used already.',
    next: 'Ask your administrator for a new one.',
  },
  'member.exists': { status: 409, detail: 'Somebody with this address is in the organisation already.', next: 'Use another address.' },
  'member.not_found': { status: 404, detail: 'There is no such person in your organisation.', next: 'Look at the list of people again.' },
  'member.last_administrator': {
    status: 409,
    detail: 'That would leave the organisation without an administrator who can sign in.',
    next: 'Make somebody else an administrator first.',
  },
  'member.oneself': { status: 403, detail: 'You cannot do this to your own account.', next: 'Ask another administrator.' },
  'recovery.not_possible': {
    status: 409,
    detail: 'This person has not joined, or is suspended, so there is nothing to recover.',
    next: 'Send the invitation again, or reinstate the person.',
  },
  'recovery.open': {
    status: 409,
    detail: 'A recovery of this account is under way already.',
    next: 'Look at it under Requests; end it there to begin another one.',
  },
  'recovery.not_found': {
    status: 404,
    detail: 'There is no such recovery, or it is over.',
    next: 'Look at the list of requests again.',
  },
  'recovery.not_yours': {
    status: 403,
    detail: 'Neither who asked for a recovery nor whose account it is may approve it.',
    next: 'Ask another administrator, or the operator of this server.',
  },
  'recovery.invalid': {
    status: 404,
    detail: 'This recovery link is not valid, was used already, or was stopped.',
    next: 'Ask your administrator to begin again.',
  },
  'address.asked_just_now': {
    status: 429,
    detail: 'A letter was sent a moment ago.',
    next: 'Wait a minute before you ask for another one.',
  },
  'address.unchanged': { status: 409, detail: 'That is your address already.', next: 'Give another one.' },
  'address.invalid': {
    status: 404,
    detail: 'This link confirms no new address of yours.',
    next: 'Ask for the change again under Account, and follow the newest link while you are signed in.',
  },
  'member.joined': {
    status: 409,
    detail: 'This person has joined already.',
    next: 'They can sign in by themselves; if they cannot, recover their account.',
  },

  'picture.not_found': { status: 404, detail: 'There is no such picture, or it is not yours to see.', next: 'Show the initials instead.' },
  'picture.unreadable': {
    status: 400,
    detail: 'That is not a picture that can be read.',
    next: 'Take a whole PNG, JPEG or WebP file that does not move, of 16 million pixels at most.',
  },
  ...LEAVING_FAILURES,
  ...SHARING_FAILURES,

  'chat.not_found': {
    status: 404,
    detail: 'There is no such chat, or it is not yours to see.',
    next: 'Look for it in the list of your chats.',
  },
  'chat.not_in_trash': {
    status: 409,
    detail: 'Only a chat that is in the trash can be erased for good.',
    next: 'Delete it first; it goes to the trash.',
  },
  'chat.too_many_at_once': {
    status: 400,
    detail: 'These are more chats than can be changed at once: 200 is the most.',
    next: 'Choose fewer, and do the rest afterwards.',
  },
  'chat.too_many_pinned': {
    status: 409,
    detail: 'You have pinned 50 chats, and that is the most.',
    next: 'Unpin one first.',
  },
  'chat.temporary': {
    status: 409,
    detail: 'A temporary chat is in no list, so it can be neither pinned nor archived, nor shared.',
    next: 'Keep it first.',
  },
  'message.not_found': { status: 404, detail: 'There is no such message in this chat.', next: 'Reload the chat and try again.' },
  'message.conflict': {
    status: 409,
    detail: 'Something else was already sent under this idempotency key.',
    next: 'Use a new key for what is new.',
  },
  'message.unfinished': {
    status: 409,
    detail: 'This answer is still being written.',
    next: 'Wait until it is complete, or stop it.',
  },
  'chat.fork_too_long': {
    status: 409,
    detail: 'More leads to this message than can be copied: 1,000 messages, or two million characters.',
    next: 'Fork from an earlier message.',
  },
  'chat.too_many_forks': {
    status: 429,
    detail: 'You have forked 100 times within an hour.',
    next: 'Wait a while, or go on in one of the forks that you have.',
  },
  'generation.too_many': {
    status: 429,
    detail: 'Too many of your questions are being answered already.',
    next: 'Wait until one of the answers is complete, or stop one.',
  },
  'generation.not_found': { status: 404, detail: 'There is no such answer in this chat.', next: 'Reload the chat and try again.' },
  'generation.ended': {
    status: 409,
    detail: 'This answer cannot be continued where it ended.',
    next: 'Ask a further question, or have the question answered again.',
  },
  'generation.too_long': {
    status: 409,
    detail: 'This answer is too long to be continued: it has more than 400,000 characters.',
    next: 'Ask a further question, or have the question answered again.',
  },

  'model.not_found': { status: 404, detail: 'This model is not offered here any more.', next: 'Pick another model.' },
  'provider.not_found': { status: 404, detail: 'There is no such model provider.', next: 'Reload the page and try again.' },
  'provider.key_needed': {
    status: 400,
    detail: 'The address was changed, so the stored key is not sent there.',
    next: 'Enter the key again, or clear it.',
  },
  'provider.address_refused': {
    status: 400,
    detail: 'This server may not call that address.',
    next: 'Use a public https address, or ask the operator of the server to allow this host and port.',
  },

  'cursor.invalid': { status: 400, detail: 'This page marker is not valid for you.', next: 'Start again from the first page.' },

  'server.internal': {
    status: 500,
    detail: 'Something went wrong on the server, and it was not your doing.',
    next: 'Try again; if it happens again, give the request id to your administrator.',
  },
  'server.unavailable': {
    status: 503,
    detail: 'The server cannot reach its database just now.',
    next: 'Wait a moment and try again; nothing was lost.',
  },
} as const satisfies Record<string, Entry>

export type FailureCode = keyof typeof catalogue
export const FAILURES: Readonly<Record<FailureCode, Entry>> = catalogue

/** Failures that every endpoint may answer with and none needs to declare. */
export const SHARED_FAILURES = [
  'request.invalid',
  'request.too_large',
  'request.media_type',
  'request.cross_site',
  'request.not_secure',
  'request.too_many',
  'request.unknown_address',
  'auth.required',
  'auth.not_allowed',
  'auth.proof_needed',
  'auth.factor_needed',
  'token.not_enough',
  'server.internal',
  'server.unavailable',
] as const satisfies readonly FailureCode[]

/** The body of every failure reply, as application/problem+json. */
export const Problem = z.object({
  type: z.string(),
  title: z.string(),
  status: z.number().int(),
  code: z.string(),
  detail: z.string(),
  next: z.string(),
  requestId: z.string(),
  errors: z.array(z.object({ path: z.string(), message: z.string() })).optional(),
})
export type Problem = z.infer<typeof Problem>
