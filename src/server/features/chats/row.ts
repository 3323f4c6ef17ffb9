/** A chat as it lies in its table, and how it is asked for. */
import { sql } from 'kysely'
import type { AnyReadTx } from '#server/isolation/unit-of-work.ts'
import { leaseHolds } from './lease.ts'

export interface Row {
  id: string
  user_id: string
  scope_id: string
  description: Buffer
  named: boolean
  model: string
  wrapped_key: Buffer
  pinned: boolean | null
  archived: boolean | null
  deleted_at: Date | null
  temporary_until: Date | null
  forked_from: string | null
  forked_at: string | null
  time_created: Date
  time_updated: Date
  answering: unknown
  owner_name: string | null
  may_write: boolean
  people: number | null
}

/** Chats as their rows have them, with what they are to whoever asks. */
export function select(tx: Pick<AnyReadTx, 'db' | 'actor'>) {
  return (
    tx.db
      .selectFrom('chat_session')
      .select(['id', 'user_id', 'scope_id', 'description', 'named', 'model', 'wrapped_key'])
      .select(['deleted_at', 'temporary_until', 'time_created', 'time_updated'])
      // Where its owner has put it and what it began as is theirs to know: it is in no row of others', nor in the print of a page.
      .select([own<boolean>(tx, 'pinned').as('pinned'), own<boolean>(tx, 'archived').as('archived')])
      .select([own<string>(tx, 'forked_from').as('forked_from'), own<string>(tx, 'forked_at').as('forked_at')])
      // In the row, so that a page that is kept is another one for whoever may do something else.
      .select(sql<boolean>`scope_id = any(${tx.actor.writeScopes}::uuid[])`.as('may_write'))
      .select(({ selectFrom }) => [
        selectFrom('user')
          .select('user.name')
          .whereRef('user.id', '=', 'chat_session.user_id')
          .where('user.id', '<>', tx.actor.userId)
          .as('owner_name'),
        selectFrom('scope_member')
          .select(sql<number>`count(*)::int`.as('people'))
          .whereRef('scope_member.scope_id', '=', 'chat_session.scope_id')
          .as('people'),
      ])
      .select(({ exists, selectFrom }) =>
        exists(
          selectFrom('chat_message')
            .select('chat_message.id')
            .whereRef('chat_message.chat_session_id', '=', 'chat_session.id')
            .where('chat_message.status', '=', sql.lit('streaming'))
            .where(leaseHolds),
        ).as('answering'),
      )
  )
}

/** A column of a chat, for its owner; null for others. */
function own<T>(tx: Pick<AnyReadTx, 'db' | 'actor'>, column: 'pinned' | 'archived' | 'forked_from' | 'forked_at') {
  return sql<T | null>`case when user_id = ${tx.actor.userId} then ${sql.ref(column)} end`
}
