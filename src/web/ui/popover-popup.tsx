/** The open popover, on Base UI. Loaded when needed, see `popover.tsx`. */
import { Popover } from '@base-ui/react/popover'
import type { ReactNode, RefObject } from 'react'
import { t } from '../kernel/text.ts'
import { Icon } from './icon.tsx'
import { POPUP } from './popup.ts'

interface PopoverPopupProps {
  title: string
  anchor: RefObject<HTMLElement | null>
  open: boolean
  onOpenChange: (open: boolean) => void
  children: ReactNode
}

export function PopoverPopup({ title, anchor, open, onOpenChange, children }: PopoverPopupProps) {
  return (
    <Popover.Root open={open} onOpenChange={onOpenChange} modal>
      <Popover.Portal>
        <Popover.Positioner anchor={anchor} align="start" sideOffset={8} collisionPadding={8} className="z-40">
          <Popover.Popup
            finalFocus={anchor}
            className={`${POPUP} max-h-(--available-height) w-[min(22rem,calc(100vw-16px))] overflow-y-auto p-4`}
          >
            <div className="mb-2 flex items-start justify-between gap-3">
              <Popover.Title className="font-strong">{title}</Popover.Title>
              <Popover.Close
                aria-label={t('common.close')}
                className="-mt-1 -mr-1 grid size-7 place-items-center rounded-control text-muted hover:bg-hover max-desk:size-11"
              >
                <Icon name="close" size={14} />
              </Popover.Close>
            </div>
            {children}
          </Popover.Popup>
        </Popover.Positioner>
      </Popover.Portal>
    </Popover.Root>
  )
}
