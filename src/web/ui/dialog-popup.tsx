/** The open dialog, on Base UI. Loaded when needed, see `dialog.tsx`. */
import { AlertDialog } from '@base-ui/react/alert-dialog'
import { Dialog } from '@base-ui/react/dialog'
import { useEffect, useState } from 'react'
import { t } from '../kernel/text.ts'
import type { DialogProps } from './dialog.tsx'
import { Icon } from './icon.tsx'
import { POPUP } from './popup.ts'
import { useSwipeAway } from './use-swipe-away.ts'

const BOX = `${POPUP} fixed left-1/2 -translate-x-1/2 overflow-y-auto p-5`
const CENTRE = `${BOX} top-[12vh] max-h-[80dvh] w-[min(30rem,calc(100vw-24px))]`
const WIDE = `${BOX} top-[6vh] max-h-[88dvh] w-[min(56rem,calc(100vw-24px))]`
const DRAWER =
  'edge fixed inset-y-0 left-0 w-[min(19rem,calc(100vw-56px))] bg-sunken text-ink shadow-overlay outline-none ' +
  'transition-[translate] data-ending-style:-translate-x-full data-starting-style:-translate-x-full'

/** The open dialogs, the latest last: Escape and a click beside it close that one only. */
const open: symbol[] = []

export function DialogPopup({ title, open: isOpen, onOpenChange, children, shape = 'centre', description }: DialogProps) {
  const isLast = useOrder(isOpen)
  const opener = useOpener(isOpen)
  const swipe = useSwipeAway(() => onOpenChange(false))
  const Root = shape === 'alert' ? AlertDialog.Root : Dialog.Root
  return (
    <Root open={isOpen} onOpenChange={(next) => (next || isLast()) && onOpenChange(next)}>
      <Dialog.Portal>
        <Dialog.Backdrop className="fixed inset-0 z-30 bg-scrim transition-opacity data-ending-style:opacity-0 data-starting-style:opacity-0" />
        <Dialog.Popup
          finalFocus={opener}
          {...(shape === 'drawer' && swipe)}
          className={`z-30 ${shape === 'drawer' ? DRAWER : shape === 'wide' ? WIDE : CENTRE}`}
        >
          {shape === 'drawer' ? (
            <Dialog.Title className="sr-only">{title}</Dialog.Title>
          ) : (
            <Head title={title} closes={shape !== 'alert'} />
          )}
          {description && <Dialog.Description className="sr-only">{description}</Dialog.Description>}
          {children}
        </Dialog.Popup>
      </Dialog.Portal>
    </Root>
  )
}

function useOrder(isOpen: boolean): () => boolean {
  const [own] = useState(Symbol)
  useEffect(() => {
    if (!isOpen) return
    open.push(own)
    return () => void open.splice(open.indexOf(own), 1)
  }, [isOpen, own])
  return () => open.at(-1) === own
}

/** What had the focus when the dialog opened gets it back: it may be in another dialog, which is still open. */
function useOpener(isOpen: boolean): () => HTMLElement | true {
  const [was, setWas] = useState(false)
  const [opener, setOpener] = useState<Element | null>(null)
  if (isOpen !== was) {
    setWas(isOpen)
    if (isOpen) setOpener(document.activeElement)
  }
  return () => (opener instanceof HTMLElement && opener.isConnected && opener !== document.body ? opener : true)
}

function Head({ title, closes }: { title: string; closes: boolean }) {
  return (
    <div className="mb-3 flex items-start justify-between gap-3">
      <Dialog.Title className="text-title font-strong text-balance">{title}</Dialog.Title>
      {closes && (
        <Dialog.Close
          aria-label={t('common.close')}
          className="-mt-1 -mr-1 grid size-9 place-items-center rounded-control text-muted hover:bg-hover max-desk:size-11"
        >
          <Icon name="close" />
        </Dialog.Close>
      )}
    </div>
  )
}
