/** What came of the last act on a page, above its list: it takes the focus only where the act took away what had it. */
import { type ReactNode, useEffect, useRef } from 'react'
import { Keyhole } from './icon.tsx'
import { FailureNotice, Notice } from './notice.tsx'

/** A dialog that asked has left by then, and given the focus back if it could. */
const DIALOG_GONE_MS = 250

export interface OutcomeProps {
  readonly text: string
  /** Why it did not come to pass; left out when it did, or is about to. */
  readonly error?: unknown
}

/** One sentence on what was done, or what was not and why. */
export function Outcome({ text, error }: OutcomeProps) {
  const box = useRef<HTMLDivElement>(null)
  // biome-ignore lint/correctness/useExhaustiveDependencies: looked at anew whenever there is something new to say
  useEffect(() => {
    const take = () => document.activeElement === document.body && box.current?.focus()
    take()
    const timer = setTimeout(take, DIALOG_GONE_MS)
    return () => clearTimeout(timer)
  }, [text, error])
  return (
    <div ref={box} tabIndex={-1} className="mb-5 rounded-control outline-none">
      {error === undefined ? (
        <Notice>
          <Said>{text}</Said>
        </Notice>
      ) : (
        <FailureNotice error={error} before={text} />
      )}
    </div>
  )
}

function Said({ children }: { children: ReactNode }) {
  return (
    <span className="flex items-start gap-3">
      <span className="mt-[5px] text-accent">
        <Keyhole />
      </span>
      {children}
    </span>
  )
}
