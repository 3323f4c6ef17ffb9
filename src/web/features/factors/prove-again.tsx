/** For a login that was begun before its person had a second factor: giving it makes the login whole. */
import { ProveForm } from '#web/features/session/prove-form.tsx'
import { t } from './text.ts'

/** The form. */
export function ProveAgain({ onProven }: { onProven: () => void }) {
  return (
    <>
      <p className="mb-4">{t('needed.hasOne')}</p>
      <ProveForm onProven={onProven} />
    </>
  )
}
