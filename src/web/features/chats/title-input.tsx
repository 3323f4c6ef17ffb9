/** A title being edited in its place: Enter or leaving it keeps it, Escape doesn't. */
import { useEffect, useRef, useState } from 'react'
import { t } from '#web/kernel/text.ts'
import { classes } from '#web/ui/class-names.ts'

const LONGEST = 200

interface TitleInputProps {
  title: string
  onRename: (title: string) => void
  onDone: () => void
  /** Where the focus goes afterwards, if what had it before is gone. */
  home: () => HTMLElement | null | undefined
  className?: string
}

/** A field with the title in it, selected. */
export function TitleInput({ title, onRename, onDone, home, className }: TitleInputProps) {
  const input = useRef<HTMLInputElement>(null)
  const over = useRef(false)
  const settled = useRef(false)
  const [opener] = useState(() => document.activeElement)
  useEffect(() => {
    input.current?.select()
    // A menu that closes gives focus back to its button one frame later.
    let frame = requestAnimationFrame(() => {
      frame = requestAnimationFrame(() => {
        settled.current = true
        if (document.activeElement !== input.current) input.current?.select()
      })
    })
    return () => cancelAnimationFrame(frame)
  }, [])
  const finish = (keep: boolean, byKey = true) => {
    if (over.current) return
    over.current = true
    const next = input.current?.value.trim() ?? ''
    if (keep && next !== '' && next !== title) onRename(next)
    onDone()
    if (!byKey) return
    requestAnimationFrame(() => {
      const isThere = opener instanceof HTMLElement && opener.isConnected && opener !== document.body
      const next = isThere ? opener : home()
      next?.focus()
    })
  }
  return (
    <input
      ref={input}
      defaultValue={title}
      maxLength={LONGEST}
      aria-label={t('chats.renameLabel')}
      className={classes('min-w-0 rounded-control border border-accent bg-surface px-2 py-0.5 outline-none', className)}
      onBlur={() => settled.current && finish(true, false)}
      onKeyDown={(event) => {
        if (event.nativeEvent.isComposing) return
        if (event.key === 'Enter') finish(true)
        if (event.key === 'Escape') finish(false)
      }}
    />
  )
}
