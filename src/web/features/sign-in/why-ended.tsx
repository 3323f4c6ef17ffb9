/** Why somebody has to sign in again, and what to do about it beyond that. */
import type { Told } from '#web/kernel/login.ts'
import { sayTime } from '#web/kernel/time.ts'
import { Notice } from '#web/ui/notice.tsx'
import { t } from './text.ts'

/** Ends that somebody should look into. */
const WEIGHTY: readonly Told['reason'][] = ['theft', 'not_me', 'password_changed', 'suspended']

/** Says it in plain words. */
export function WhyEnded({ told: { reason, at } }: { told: Told }) {
  return (
    <Notice tone={WEIGHTY.includes(reason) ? 'warn' : 'plain'} className="my-4">
      <p>{t(`ended.${reason}`)}</p>
      <p className="mt-1 text-muted">{t(`ended.${reason}.next`)}</p>
      {at !== null && reason !== 'signed_out' && <p className="mt-1 text-small text-muted">{t('ended.at', { time: sayTime(at) })}</p>}
    </Notice>
  )
}
