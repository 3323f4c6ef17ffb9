/** Asks again who it is where an act needs a fresh proof; what was asked for then goes on by itself. */
import { ProveByProvider } from '#web/features/oidc/prove-by-provider.tsx'
import { Button } from '#web/ui/button.tsx'
import { Dialog } from '#web/ui/dialog.tsx'
import { ProveForm } from './prove-form.tsx'
import { t } from './text.ts'

/** The dialog; open while there is somebody to answer to. */
export function ProofDialog({ answer }: { answer: ((proven: boolean) => void) | null }) {
  return (
    <Dialog title={t('proof.title')} open={answer !== null} onOpenChange={() => answer?.(false)}>
      <p className="mb-4 text-muted">{t('proof.lead')}</p>
      <ProveForm onProven={() => answer?.(true)}>
        <Button onClick={() => answer?.(false)}>{t('common.cancel')}</Button>
      </ProveForm>
      <ProveByProvider />
    </Dialog>
  )
}
