/** One's data: taking it along, and deleting the account with it. */
import { DeleteAccount } from './delete-account.tsx'
import { Exports } from './exports.tsx'
import { t } from './leaving-text.ts'
import { Part } from './part.tsx'

/** The page `/account/data`. */
export function DataPage() {
  return (
    <Part title={t('data.title')} lead={t('data.lead')}>
      <Exports />
      <DeleteAccount />
    </Part>
  )
}
