/**
 * A diagram, drawn in a frame that has no origin, may ask for nothing and is given up when it takes too long
 * (`docs/topics/rendering.md`). The page gives it the source and takes a height from it, and nothing else.
 */
import { type ReactNode, useEffect, useRef, useState } from 'react'
import { IconButton } from '../../button.tsx'
import { CodeFrame } from '../code-frame.tsx'
import { Coloured } from '../coloured.tsx'
import { t } from '../words.ts'
import { useDark } from './dark.ts'
import { isHung, queue } from './turns.ts'

/** What the frame is told. */
export interface Order {
  readonly source: string
  readonly dark: boolean
}

/** What it answers: the height of the picture, or that there is none. */
export type Height = number | null

const LONGEST_SOURCE = 20_000
const GIVE_UP_MS = 20_000
const HEIGHT_PX = { least: 48, most: 2_400, before: 160 }

type Outcome = 'drawing' | 'drawn' | 'failed' | 'tooLarge'

/** A diagram with its source behind a button; the source alone where it can't be drawn. */
export function Diagram({ source }: { source: string }) {
  const [outcome, setOutcome] = useState<Outcome>(() => firstOf(source))
  const [heightPx, setHeightPx] = useState(HEIGHT_PX.before)
  const [asSource, setAsSource] = useState(false)
  const place = useRef<HTMLDivElement>(null)
  const near = useNear(place)
  const dark = useDark()
  const isGivenUp = outcome === 'failed' || outcome === 'tooLarge'
  const toggle = <IconButton icon="code" label={t('diagram.source')} aria-pressed={asSource} onClick={() => setAsSource(!asSource)} />
  return (
    <div ref={place} className="code">
      <CodeFrame title={t('diagram.label')} text={source} actions={!isGivenUp && toggle}>
        {isGivenUp && <p className="border-b border-line px-4 py-2 text-base text-muted">{t(`diagram.${outcome}`)}</p>}
        {isGivenUp || asSource ? (
          <Coloured text={source} language={null} wraps={false} />
        ) : (
          <Picture key={String(dark)} order={near ? { source, dark } : null} onEnd={setOutcome} height={[heightPx, setHeightPx]}>
            {outcome === 'drawing' && <span className="absolute inset-0 grid place-items-center text-muted">{t('diagram.drawing')}</span>}
          </Picture>
        )}
      </CodeFrame>
    </div>
  )
}

function firstOf(source: string): Outcome {
  if (source.length > LONGEST_SOURCE) return 'tooLarge'
  return isHung(source) ? 'failed' : 'drawing'
}

interface PictureProps {
  /** What to draw; null while it is far from being seen. */
  order: Order | null
  onEnd: (outcome: Outcome) => void
  /** How high it is, or was in other colours. */
  height: readonly [number, (px: number) => void]
  children: ReactNode
}

function Picture({ order, onEnd, height: [heightPx, setHeightPx], children }: PictureProps) {
  const [begun, setBegun] = useState(false)
  const end = useRef<(outcome: Outcome, hasEnded?: boolean) => void>(() => undefined)
  const source = order?.source
  useEffect(() => {
    if (source === undefined) return
    let timer: ReturnType<typeof setTimeout> | undefined
    const begin = () => {
      setBegun(true)
      timer = setTimeout(() => end.current('failed', false), GIVE_UP_MS)
    }
    const leave = queue({ source, begin })
    end.current = (outcome, hasEnded = true) => {
      clearTimeout(timer)
      leave(hasEnded)
      onEnd(outcome)
    }
    return () => {
      clearTimeout(timer)
      leave(true)
    }
  }, [source, onEnd])
  const tell = (frame: Window | null) => {
    const { port1, port2 } = new MessageChannel()
    port1.onmessage = ({ data }: MessageEvent<unknown>) => {
      if (typeof data !== 'number' || !Number.isFinite(data)) return end.current('failed')
      setHeightPx(Math.min(Math.max(data, HEIGHT_PX.least), HEIGHT_PX.most))
      end.current('drawn')
    }
    // A frame without an origin can be addressed by no other name; the page's policy lets no other document be in it.
    frame?.postMessage(order, '*', [port2])
  }
  return (
    <div className="relative" style={{ height: heightPx }}>
      {children}
      {order && begun && (
        <iframe
          src="/diagram.html"
          sandbox="allow-scripts"
          referrerPolicy="no-referrer"
          title={t('diagram.label')}
          onLoad={({ currentTarget }) => tell(currentTarget.contentWindow)}
          className="relative size-full"
        />
      )}
    </div>
  )
}

/** Whether the element is, or has been, about to be seen. */
function useNear(element: { readonly current: Element | null }): boolean {
  const [near, setNear] = useState(false)
  useEffect(() => {
    if (!element.current) return
    const observer = new IntersectionObserver(([entry]) => entry?.isIntersecting && setNear(true), { rootMargin: '300px' })
    observer.observe(element.current)
    return () => observer.disconnect()
  }, [element])
  return near
}
