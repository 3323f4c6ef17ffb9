/** The way back of a phone closes what covers the page, and goes nowhere: while it is open there is an entry of its own to go back from. */
import { useRouter } from '@tanstack/react-router'
import { useEffect, useEffectEvent } from 'react'

const MARK = 'covered'

/** Closes on the way back while `isOpen`. An entry left behind by going on from there is passed over when it is come back to. */
export function useBackCloses(isOpen: boolean, close: () => void): void {
  const { history } = useRouter()
  const onBack = useEffectEvent(close)
  useEffect(() => {
    if (!isOpen) return
    const { href } = history.location
    history.push(href, { [MARK]: true } as never)
    const stop = history.subscribe(({ action }) => action.type === 'BACK' && onBack())
    return () => {
      stop()
      const isStill = history.location.href === href && MARK in history.location.state
      if (isStill) history.back()
    }
  }, [isOpen, history])
  useEffect(() => {
    if (isOpen) return
    return history.subscribe(({ action }) => {
      if (action.type === 'BACK' && MARK in history.location.state) history.back()
    })
  }, [isOpen, history])
}
