/** Who acts on other people's accounts, and how their log says so. */
import type { Actor } from '../../isolation/actor.ts'
import type { Device } from '../device.ts'
import { type By, OPERATOR } from '../security-log.ts'

/** An administrator, from where, or the operator of the server. */
export type Acting = { readonly admin: Actor; readonly device: Device } | 'operator'

/** Says who it was, for the log of the person. */
export function byOf(acting: Acting): By {
  return acting === 'operator' ? OPERATOR : { kind: 'administrator', userId: acting.admin.userId, device: acting.device }
}
