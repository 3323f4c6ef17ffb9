/** A question before something that cannot be taken back: what it does, and two buttons. */
import type { ReactNode } from 'react'
import { t } from '../kernel/text.ts'
import { Button } from './button.tsx'
import { Dialog } from './dialog.tsx'
import { FailureNotice } from './notice.tsx'

interface ConfirmProps {
  title: string
  children: ReactNode
  /** What the button that does it says. */
  act: string
  onAct: () => void
  busy: boolean
  /** Why it was not done; null while all is well. */
  error: unknown
  open: boolean
  onClose: () => void
}

/** Asks; stays open, and says why, when it could not be done. */
export function Confirm({ title, children, act, onAct, busy, error, open, onClose }: ConfirmProps) {
  return (
    <Dialog title={title} open={open} onOpenChange={onClose}>
      <div className="mb-5 space-y-3">{children}</div>
      {error !== null && <FailureNotice error={error} className="mb-4" />}
      <div className="flex flex-wrap gap-2">
        <Button look="danger" busy={busy} onClick={onAct}>
          {act}
        </Button>
        <Button onClick={onClose}>{t('common.cancel')}</Button>
      </div>
    </Dialog>
  )
}
