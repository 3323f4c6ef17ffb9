/** A title being edited in its place: Enter or leaving it keeps it, Escape doesn't. */
import { useEffect, useRef } from 'react'
import { t } from '#web/kernel/text.ts'
import { classes } from '#web/ui/class-names.ts'

const LONGEST = 200

interface TitleInputProps {
  title: string
  onRename: (title: string) => void
  onDone: () => void
  className?: string
}

/** A field with the title in it, selected. */
export function TitleInput({ title, onRename, onDone, className }: TitleInputProps) {
  const input = useRef<HTMLInputElement>(null)
  const over = useRef(false)
  useEffect(() => {
    // A menu that closes gives focus back to its button one frame later.
    const frame = requestAnimationFrame(() => requestAnimationFrame(() => input.current?.select()))
    return () => cancelAnimationFrame(frame)
  }, [])
  const finish = (keep: boolean) => {
    if (over.current) return
    over.current = true
    const next = input.current?.value.trim() ?? ''
    if (keep && next !== '' && next !== title) onRename(next)
    onDone()
  }
  return (
    <input
      ref={input}
      defaultValue={title}
      maxLength={LONGEST}
      aria-label={t('chats.renameLabel')}
      className={classes('min-w-0 rounded-control border border-accent bg-surface px-2 py-0.5 outline-none', className)}
      onBlur={() => finish(true)}
      onKeyDown={(event) => {
        if (event.nativeEvent.isComposing) return
        if (event.key === 'Enter') finish(true)
        if (event.key === 'Escape') finish(false)
      }}
    />
  )
}
