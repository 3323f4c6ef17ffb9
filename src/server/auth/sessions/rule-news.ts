/** Changes of the rules of an organisation, told to every administrator: by an entry to who made it, by a notice to the others. */
import type { UserId } from '#contract/ids.ts'
import type { EventKind } from '#contract/security.ts'
import type { Actor } from '../../isolation/actor.ts'
import type { DoorTx } from '../../isolation/doors.ts'
import type { Ids } from '../../kernel/ids.ts'
import type { Device } from '../device.ts'
import { administratorsBut } from '../people/administrators.ts'
import { insertEvents } from '../security-log.ts'
import type { SessionEnds } from './session-ends.ts'

interface RuleChange {
  readonly kinds: readonly Extract<EventKind, 'policy_changed' | 'second_factor_rule_changed' | 'directory_changed'>[]
  readonly admin: Actor
  readonly device: Device
}

/** Writes it down in the transaction of the change; answers whom to tell once that is committed. */
export async function noteRuleChange(tx: DoorTx, ids: Ids, { kinds, admin, device }: RuleChange): Promise<UserId[]> {
  if (kinds.length === 0) return []
  const others = (await administratorsBut(tx, admin.userId)).map(({ id }) => id as UserId)
  const byAdmin = { kind: 'administrator', userId: admin.userId, device } as const
  const events = kinds.flatMap((kind) => [
    { userId: admin.userId, kind, by: { ...byAdmin, kind: 'self' as const } },
    ...others.map((userId) => ({ userId, kind, by: byAdmin, notice: true })),
  ])
  await tx.change(insertEvents(tx, ids, events))
  return others
}

/** Has their open pages look. */
export async function tellRuleChange(ends: SessionEnds, { tenantId }: Actor, others: readonly UserId[]): Promise<void> {
  for (const userId of others) await ends.tellNews(tenantId, userId)
}
