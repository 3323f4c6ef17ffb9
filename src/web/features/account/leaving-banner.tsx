/** Says on every page that the account is going to be erased, and when, with a way to keep it. */
import { sayDay } from '#web/kernel/moments.ts'
import { useMe } from '#web/kernel/session.ts'
import { Banner } from '#web/ui/banner.tsx'
import { KeepAccount } from './keep-account.tsx'
import { t } from './leaving-text.ts'

/** The line above the page; fetched only where somebody is leaving. */
export function LeavingBanner() {
  const { leaving } = useMe()
  return (
    <div role="status">
      {leaving && (
        <Banner tone="warn" actions={<KeepAccount />}>
          {t('banner.leaving', { when: sayDay(leaving.erasedFrom) })}
        </Banner>
      )}
    </div>
  )
}
