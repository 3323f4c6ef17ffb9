/** Branded identifiers: a chat's id never passes where a user's is wanted, though both are UUIDs on the wire. */
import { z } from 'zod'

const id = <B extends string>(brand: B) => z.uuid().toLowerCase().brand<B>().describe(`${brand} (a UUID)`)

export const TenantId = id('TenantId')
export type TenantId = z.infer<typeof TenantId>
export const UserId = id('UserId')
export type UserId = z.infer<typeof UserId>
export const SessionId = id('SessionId')
export type SessionId = z.infer<typeof SessionId>
export const ScopeId = id('ScopeId')
export type ScopeId = z.infer<typeof ScopeId>
export const ChatId = id('ChatId')
export type ChatId = z.infer<typeof ChatId>
export const MessageId = id('MessageId')
export type MessageId = z.infer<typeof MessageId>
export const JobId = id('JobId')
export type JobId = z.infer<typeof JobId>
export const ProviderId = id('ProviderId')
export type ProviderId = z.infer<typeof ProviderId>
export const ExportId = id('ExportId')
export type ExportId = z.infer<typeof ExportId>
export const EventId = id('EventId')
export type EventId = z.infer<typeof EventId>
export const RecoveryId = id('RecoveryId')
export type RecoveryId = z.infer<typeof RecoveryId>
export const IdentityId = id('IdentityId')
export type IdentityId = z.infer<typeof IdentityId>
export const PasskeyId = id('PasskeyId')
export type PasskeyId = z.infer<typeof PasskeyId>
