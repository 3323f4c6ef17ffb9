/** A drawer at the left follows the finger that pushes it away, and goes when it was pushed far enough. */
import { type TouchEvent, useRef } from 'react'

const FAR_PX = 72

interface Swipe {
  onTouchStart: (event: TouchEvent<HTMLElement>) => void
  onTouchMove: (event: TouchEvent<HTMLElement>) => void
  onTouchEnd: (event: TouchEvent<HTMLElement>) => void
}

/** Gives what the drawer listens for; up and down still scroll what is in it. */
export function useSwipeAway(onAway: () => void): Swipe {
  const from = useRef<{ x: number; y: number; dx: number } | null>(null)
  return {
    onTouchStart({ touches }) {
      const finger = touches[0]
      from.current = finger && touches.length === 1 ? { x: finger.clientX, y: finger.clientY, dx: 0 } : null
    },
    onTouchMove({ touches, currentTarget }) {
      const start = from.current
      const finger = touches[0]
      if (!start || !finger) return
      const [dx, dy] = [finger.clientX - start.x, finger.clientY - start.y]
      // Whoever scrolls does not push.
      if (start.dx === 0 && Math.abs(dy) > Math.abs(dx)) from.current = null
      else {
        start.dx = Math.min(0, dx)
        currentTarget.style.translate = `${start.dx}px`
      }
    },
    onTouchEnd({ currentTarget }) {
      currentTarget.style.translate = ''
      if (from.current && from.current.dx < -FAR_PX) onAway()
      from.current = null
    },
  }
}
