/** What a text that is still being written asks of the page: not more than it can do. */
import { createContext, useEffect, useRef, useState } from 'react'

/** Whether this part of the text may still change. */
export const OpenContext = createContext(false)

/** How long the page rests after drawing, in times of what the drawing took. */
const REST = 3

/** Gives the text, and while it grows leaves out steps for which there is no time: the longer drawing takes, the fewer. */
export function usePaced(text: string, growing: boolean): string {
  const [paced, setPaced] = useState(text)
  const pace = useRef({ beganMs: Number.POSITIVE_INFINITY, restsUntilMs: 0 })
  useEffect(() => {
    if (!growing || paced === text) return
    const timer = setTimeout(
      () => {
        pace.current.beganMs = performance.now()
        setPaced(text)
      },
      Math.max(0, pace.current.restsUntilMs - performance.now()),
    )
    return () => clearTimeout(timer)
  }, [text, paced, growing])
  // biome-ignore lint/correctness/useExhaustiveDependencies: it runs once each text has been drawn
  useEffect(() => {
    const nowMs = performance.now()
    // What was there from the beginning has no step that it was drawn in.
    pace.current.restsUntilMs = nowMs + REST * Math.max(0, nowMs - pace.current.beganMs)
  }, [paced])
  return growing ? paced : text
}
