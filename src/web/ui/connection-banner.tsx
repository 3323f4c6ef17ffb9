/** Says that the server is out of reach and, for a moment, what happened when it is back. */
import { useCaughtUp } from '../kernel/catch-up.ts'
import { useConnection } from '../kernel/connection.ts'
import { t } from '../kernel/text.ts'
import { Icon } from './icon.tsx'

/** A line above the page; empty while all is well. */
export function ConnectionBanner() {
  const connection = useConnection()
  const caughtUp = useCaughtUp()
  return (
    <div role="status">
      {connection !== 'reached' && (
        <p className="flex items-center gap-2.5 border-b border-line bg-warn-soft px-5 py-2 text-small text-warn">
          <Icon name="warn" />
          {connection === 'offline' ? t('connection.offline') : t('connection.trying')}
        </p>
      )}
      {connection === 'reached' && caughtUp && (
        <p className="flex items-center gap-2.5 border-b border-line bg-accent-soft px-5 py-2 text-small text-accent">
          <Icon name="check" />
          {caughtUp.sent > 0 ? t('connection.backSent', { count: caughtUp.sent }) : t('connection.back')}
        </p>
      )}
    </div>
  )
}
