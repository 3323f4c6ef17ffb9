/** The logins as a table where there is room for one, and as entries under one another where there isn't. */
import { Link } from '@tanstack/react-router'
import type { ReactNode } from 'react'
import type { AnySession } from '#contract/sessions.ts'
import { DeviceIcon } from '#web/features/account/device-icon.tsx'
import { sayHow } from '#web/features/account/how.ts'
import { sayAgo, sayDay, sayMoment } from '#web/kernel/moments.ts'
import { Button } from '#web/ui/button.tsx'
import { classes } from '#web/ui/class-names.ts'
import { t } from './text.ts'

const HEADS = ['list.person', 'list.device', 'list.signedIn', 'list.seen', 'list.ends'] as const

interface LoginTableProps {
  logins: readonly AnySession[]
  now: Date
  onEnd: (login: AnySession) => void
  /** Whether these are still those of the filter before. */
  stale: boolean
}

/** The logins with their people. */
export function LoginTable({ logins, now, onEnd, stale }: LoginTableProps) {
  return (
    <div
      aria-busy={stale}
      className={classes(
        '@container overflow-hidden rounded-panel border border-line bg-surface transition-opacity',
        stale && 'opacity-60',
      )}
    >
      <table className="w-full border-collapse text-small tabular-nums @max-3xl:block">
        <thead className="@max-3xl:sr-only">
          <tr className="text-left">
            {HEADS.map((key) => (
              <th key={key} scope="col" className="px-3 py-2.5 font-strong text-muted first:pl-5">
                {t(key)}
              </th>
            ))}
            <th scope="col" className="py-2.5 pr-4 pl-3">
              <span className="sr-only">{t('list.act')}</span>
            </th>
          </tr>
        </thead>
        <tbody className="@max-3xl:block">
          {logins.map((login) => (
            <LoginRow key={login.id} login={login} now={now} onEnd={() => onEnd(login)} />
          ))}
        </tbody>
      </table>
    </div>
  )
}

function LoginRow({ login, now, onEnd }: { login: AnySession; now: Date; onEnd: () => void }) {
  const { user, kind, device, methods, remembered, signedInAt, signedInFrom, seenAt, seenFrom, endsAt } = login
  const how = kind === 'api' ? t('list.made') : sayHow(methods)
  const isUnused = kind === 'api' && seenFrom === null
  const from = (address: string | null) => address !== null && t('list.from', { address })
  return (
    <tr className="border-t border-line @max-3xl:grid @max-3xl:grid-cols-[minmax(0,1fr)_auto] @max-3xl:gap-x-3 @max-3xl:px-4 @max-3xl:py-3.5 @max-3xl:first:border-t-0">
      <Cell className="@3xl:w-[25%] @3xl:pl-5">
        <Link
          to="/logins"
          search={{ person: user.id }}
          title={t('list.only', { name: user.name })}
          className="block text-base font-medium wrap-anywhere hover:underline"
        >
          {user.name}
        </Link>
        <span className="block wrap-anywhere text-muted">{user.email}</span>
      </Cell>
      <Cell className="@max-3xl:col-span-2 @max-3xl:mt-1.5 @3xl:w-[23%]">
        <span className="flex gap-2.5">
          <DeviceIcon device={device} isToken={kind === 'api'} />
          <span className="min-w-0">
            <span className="block text-base wrap-anywhere">{device}</span>
            <Under>{[remembered && t('list.remembered')]}</Under>
          </span>
        </span>
      </Cell>
      <Cell head={t('list.signedIn')}>
        <span className="whitespace-nowrap @3xl:block @3xl:first-letter:uppercase">{sayMoment(signedInAt, now)}</span>{' '}
        <Under>{[how, signedInFrom !== seenFrom && from(signedInFrom)]}</Under>
      </Cell>
      <Cell head={t('list.seen')}>
        <span className="whitespace-nowrap @3xl:block @3xl:first-letter:uppercase">
          {isUnused ? t('list.unused') : sayAgo(seenAt, now)}
        </span>{' '}
        <Under>{[from(seenFrom)]}</Under>
      </Cell>
      <Cell head={t('list.ends')}>
        <span className="whitespace-nowrap">{sayDay(endsAt, now)}</span>
      </Cell>
      <Cell className="@max-3xl:col-start-2 @max-3xl:row-start-1 @3xl:pr-4 @3xl:text-right">
        <Act login={login} onEnd={onEnd} />
      </Cell>
    </tr>
  )
}

/** What stands below in a cell of the table, and goes on in the line of an entry. */
function Under({ children }: { children: readonly (string | false)[] }) {
  const words = children.filter(Boolean).join(' ')
  return words && <span className="text-muted @3xl:block">{words}</span>
}

function Cell({ head, className, children }: { head?: string; className?: string; children: ReactNode }) {
  return (
    <td className={classes('align-top @max-3xl:block @3xl:px-3 @3xl:py-2.5', head && '@max-3xl:col-span-2', className)}>
      {head && <span className="text-muted @3xl:hidden">{head} </span>}
      {children}
    </td>
  )
}

function Act({ login: { isThis, kind, user, device }, onEnd }: { login: AnySession; onEnd: () => void }) {
  if (isThis) {
    return (
      <span className="inline-block rounded-full bg-accent-soft px-2.5 text-small leading-6 font-medium whitespace-nowrap text-accent">
        {t('list.this')}
      </span>
    )
  }
  const label = kind === 'api' ? t('list.revokeNamed', { name: user.name }) : t('list.signOutNamed', { name: user.name, device })
  return (
    <Button onClick={onEnd} aria-label={label}>
      {t(kind === 'api' ? 'list.revoke' : 'list.signOut')}
    </Button>
  )
}
