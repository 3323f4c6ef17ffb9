/** What a text that is still being written asks of the page: not more than it can do. */
import { createContext, useCallback, useEffect, useRef, useState } from 'react'

/** Whether this part of the text may still change. */
export const OpenContext = createContext(false)

/** How long the page rests after drawing, in times of what reading and drawing took. */
const REST = 3

interface Paced {
  readonly text: string
  /** To be called once the text has been drawn: only then comes the next. */
  readonly onDrawn: () => void
}

/** Gives the text, and while it grows leaves out steps for which there is no time: the longer drawing takes, the fewer. */
export function usePaced(text: string, growing: boolean): Paced {
  const [paced, setPaced] = useState(text)
  const [drawn, setDrawn] = useState(text)
  const pace = useRef({ beganMs: Number.POSITIVE_INFINITY, restsUntilMs: 0 })
  useEffect(() => {
    if (!growing || paced === text || drawn !== paced) return
    const timer = setTimeout(
      () => {
        pace.current.beganMs = performance.now()
        setPaced(text)
      },
      Math.max(0, pace.current.restsUntilMs - performance.now()),
    )
    return () => clearTimeout(timer)
  }, [text, paced, drawn, growing])
  const onDrawn = useCallback(() => {
    const nowMs = performance.now()
    // What was there from the beginning has no step that it was drawn in.
    pace.current.restsUntilMs = nowMs + REST * Math.max(0, nowMs - pace.current.beganMs)
    setDrawn(paced)
  }, [paced])
  return { text: growing ? paced : text, onDrawn }
}
