/** The edge of the sidebar, by which it is made wider or narrower: drawn with the pointer, or moved with the arrow keys. */
import { type KeyboardEvent, type PointerEvent, useState } from 'react'
import { t } from '#web/kernel/text.ts'

const WIDTH = 'sardonyx.sidebarWidth'
const [NARROWEST_PX, USUAL_PX, WIDEST_PX, STEP_PX] = [220, 272, 480, 16]

/** Gives the width of the sidebar, as this browser keeps it, and the way to change it. */
export function useSidebarWidth(): [widthPx: number, setWidth: (px: number) => void] {
  const [widthPx, setWidthPx] = useState(() => within(Number(localStorage.getItem(WIDTH) ?? USUAL_PX)))
  const setWidth = (px: number) => {
    const next = within(px)
    if (next === USUAL_PX) localStorage.removeItem(WIDTH)
    else localStorage.setItem(WIDTH, String(next))
    setWidthPx(next)
  }
  return [widthPx, setWidth]
}

/** The edge itself; a double click makes the sidebar as wide as it usually is. */
export function SidebarEdge({ widthPx, setWidth }: { widthPx: number; setWidth: (px: number) => void }) {
  const [grip, setGrip] = useState<number | null>(null)
  const onPointerDown = (event: PointerEvent) => {
    if (event.button !== 0) return
    event.currentTarget.setPointerCapture(event.pointerId)
    setGrip(widthPx - event.clientX)
  }
  const onKeyDown = (event: KeyboardEvent) => {
    const next = { ArrowLeft: widthPx - STEP_PX, ArrowRight: widthPx + STEP_PX, Home: NARROWEST_PX, End: WIDEST_PX }[event.key]
    if (next === undefined) return
    event.preventDefault()
    setWidth(next)
  }
  return (
    // biome-ignore lint/a11y/useSemanticElements: a separator that can be moved is no <hr>
    <div
      role="separator"
      tabIndex={0}
      aria-orientation="vertical"
      aria-label={t('nav.width')}
      aria-valuemin={NARROWEST_PX}
      aria-valuemax={WIDEST_PX}
      aria-valuenow={widthPx}
      className="absolute inset-y-0 -right-1 z-10 w-2 cursor-col-resize touch-none outline-none after:absolute after:inset-y-0 after:left-[3px] after:w-0.5 hover:after:bg-accent-line focus-visible:after:bg-accent active:after:bg-accent"
      onPointerDown={onPointerDown}
      onPointerMove={({ clientX }) => grip !== null && setWidth(clientX + grip)}
      onLostPointerCapture={() => setGrip(null)}
      onDoubleClick={() => setWidth(USUAL_PX)}
      onKeyDown={onKeyDown}
    />
  )
}

function within(px: number): number {
  return Math.min(WIDEST_PX, Math.max(NARROWEST_PX, Math.round(px) || USUAL_PX))
}
