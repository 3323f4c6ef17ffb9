/** What happened, as a sentence: who did it, to which device, and why. */
import type { SecurityEvent } from '#contract/security.ts'
import { sayHow } from './how.ts'
import { t } from './text.ts'

/** Says the event to the person whose account it is. */
export function sayEvent(event: SecurityEvent, ownId: string): string {
  const who = sayWho(event, ownId)
  if (event.kind === 'token_revoked' && (event.reason === 'not_me' || event.reason === 'password_changed'))
    return t(`event.token_revoked.${event.reason}`)
  if (event.kind === 'role_changed' && event.roles) return t(`event.role_changed.${event.roles.to}`, { who })
  if (event.kind === 'signed_in' && event.methods?.length) return t('event.signed_in_how', { how: sayHow(event.methods) })
  if (event.kind !== 'session_ended') return t(`event.${event.kind}`, { who })
  const device = event.device === null ? null : `“${event.device}”`
  const named = { who, device: device ?? t('what.thatDevice'), Device: device ?? t('what.aDevice') }
  return t(`end.${event.reason ?? 'unknown'}`, named)
}

function sayWho({ by, byUser }: SecurityEvent, ownId: string): string {
  if (by === 'self' || byUser?.id === ownId) return t('who.you')
  if (by !== 'administrator') return t(`who.${by}`)
  return byUser ? t('who.named', { name: byUser.name }) : t('who.administrator')
}
