/** Why logins end. */
import { z } from 'zod'

/** Why a login ended; each has its sentence in the interface. */
export const EndReason = z.enum([
  'idle',
  'expired',
  'signed_out',
  'signed_out_elsewhere',
  'not_me',
  'password_changed',
  'replaced',
  'administrator',
  'operator',
  'role_changed',
  'suspended',
  'recovered',
  'policy',
  'theft',
  'provider_signed_out',
  'deleted',
  'unknown',
])
export type EndReason = z.infer<typeof EndReason>
