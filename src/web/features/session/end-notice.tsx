/** Says, in good time, that a login ends which nothing can make longer. */
import { useCell } from '#web/kernel/cell.ts'
import { signInAndBack } from '#web/kernel/login.ts'
import { sayTime } from '#web/kernel/time.ts'
import { Banner } from '#web/ui/banner.tsx'
import { Button } from '#web/ui/button.tsx'
import { t } from './text.ts'
import { watched } from './watch.ts'

/** The line above the page; empty until the end is near. */
export function EndNotice() {
  const endMs = useCell(watched, (known) => (known?.plan.nearsEnd ? known.ends.finalMs : null))
  return (
    <div role="status">
      {endMs !== null && (
        <Banner tone="plain" actions={<Button onClick={() => location.assign(signInAndBack())}>{t('end.signIn')}</Button>}>
          {t('end.notice', { time: sayTime(new Date(endMs).toISOString()) })}
        </Banner>
      )}
    </div>
  )
}
