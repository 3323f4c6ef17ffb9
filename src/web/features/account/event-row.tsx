/** One event of the security log. */
import { Link, type LinkProps } from '@tanstack/react-router'
import type { SecurityEvent } from '#contract/security.ts'
import { sayMoment } from '#web/kernel/moments.ts'
import { useMe } from '#web/kernel/session.ts'
import { sayDate } from '#web/kernel/time.ts'
import { sayEvent } from './event-words.ts'
import { t } from './text.ts'

const CELL = '@max-xl:block @max-xl:px-4 @max-xl:py-0 px-4 py-2.5 align-top @xl:first:pl-5 @xl:last:pr-5'

/** Where what began can be stopped, or decided. */
const RECOVERIES: Readonly<Record<string, LinkProps['to']>> = {
  recovery_begun: '/account/recovery',
  recovery_approved: '/account/recovery',
  recovery_asked: '/people/requests',
  request_approved: '/people/requests',
}

/** A row of the table; what is new stands out. */
export function EventRow({ event, isNew, now }: { event: SecurityEvent; isNew: boolean; now: Date }) {
  const { user } = useMe()
  const { kind } = event
  const isAlarm = kind === 'theft_suspected'
  return (
    <tr className="border-t border-line @max-xl:flex @max-xl:flex-col @max-xl:py-3 @max-xl:first:border-t-0">
      <td className={`${CELL} w-[9.5rem] whitespace-nowrap text-muted @max-xl:w-auto @max-xl:text-small`}>
        <time dateTime={event.time} title={sayDate(event.time)} className="inline-block first-letter:uppercase">
          {sayMoment(event.time, now)}
        </time>
      </td>
      <td className={CELL}>
        {isNew && (
          <span className="mr-2 inline-block rounded-full bg-warn-soft px-2 text-tiny leading-5 font-medium text-warn">
            {t('security.new')}
          </span>
        )}
        <span className={isAlarm ? 'font-medium text-danger' : ''}>{sayEvent(event, user.id)}</span>
        {kind in RECOVERIES && (
          <span>
            {' '}
            <Link to={RECOVERIES[kind]!} className="text-accent underline underline-offset-3">
              {t('security.recovery')}
            </Link>
          </span>
        )}
        {isAlarm && (
          <span>
            {` ${t('event.theftMore')} `}
            <Link to="/account/devices" className="text-accent underline underline-offset-3">
              {t('security.look')}
            </Link>
          </span>
        )}
      </td>
      <td className={`${CELL} w-[13rem] text-small leading-[1.375rem] text-muted @max-xl:w-auto @max-xl:empty:hidden`}>
        {whereFrom(event)}
      </td>
    </tr>
  )
}

/** The device is left out where the sentence names it. */
function whereFrom({ kind, reason, device, ip }: SecurityEvent): string {
  const isNamed = kind === 'token_revoked' || (kind === 'session_ended' && reason !== 'signed_out')
  return [isNamed ? null : device, ip].filter(Boolean).join(', ')
}
