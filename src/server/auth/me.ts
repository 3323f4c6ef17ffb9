/** Who is signed in, read through their own unit of work. */
import { type Me, Preferences } from '#contract/accounts.ts'
import { ScopeId } from '#contract/ids.ts'
import type { ReadTx } from '../isolation/unit-of-work.ts'
import { Failure } from '../kernel/failure.ts'
import { readLeaving } from './leaving/leaving.ts'
import type { Tenants } from './tenants.ts'

/** The actor's own account, organisation and session. */
export async function readMe(tx: ReadTx, tenants: Tenants): Promise<Me> {
  const { actor } = tx
  const tenant = await tenants.byId(actor.tenantId)
  const user = await tx.first(
    tx.db
      .selectFrom('user')
      .leftJoin('picture', 'picture.user_id', 'user.id')
      .select(['name', 'email', 'role', 'version'])
      .where('user.id', '=', actor.userId),
  )
  const session = await tx.first(
    tx.db.selectFrom('auth_session').select(['expires_at', 'remember', 'restricted']).where('id', '=', actor.sessionId),
  )
  const [own] = await tx.call<{ own_preferences: unknown }>('own_preferences')
  if (!tenant || !user || !session || !own) throw new Failure('auth.required')
  return {
    user: {
      id: actor.userId,
      name: user.name,
      email: user.email,
      role: user.role,
      picture: user.version,
      preferences: Preferences.parse(own.own_preferences),
    },
    organisation: { id: tenant.id, name: tenant.name, slug: tenant.slug },
    session: {
      id: actor.sessionId,
      expiresAt: session.expires_at.toISOString(),
      remembered: session.remember,
      restricted: session.restricted,
    },
    leaving: await readLeaving(tx),
    personalScopeId: ScopeId.parse(actor.userId),
  }
}
