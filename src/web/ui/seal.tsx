/** The seal: the one chip that says who can read something. Sign, words and colour always together, other ones where others read it as well. */
import type { Ref } from 'react'
import { classes } from './class-names.ts'
import { Icon, Keyhole } from './icon.tsx'

const SEAL =
  'relative inline-flex items-center gap-1.5 h-6 rounded-full border pr-[9px] pl-[7px] text-small leading-5 font-medium whitespace-nowrap before:absolute before:-inset-2.5'
const LOOK = {
  own: 'border-accent-line bg-accent-soft text-accent hover:border-accent',
  shared: 'border-control bg-surface text-ink hover:border-ink',
}

interface SealButtonProps {
  words: string
  label: string
  onClick: () => void
  open: boolean
  ref: Ref<HTMLButtonElement>
  /** Whether others read it as well; then it looks like another thing at a glance. */
  shared: boolean
  /** On a phone only the sign is shown. */
  short?: boolean
}

/** The seal as a button that opens the list of readers. Its target reaches beyond what is drawn. */
export function SealButton({ words, label, onClick, open, ref, shared, short = false }: SealButtonProps) {
  return (
    <button
      type="button"
      ref={ref}
      onClick={onClick}
      aria-label={label}
      aria-haspopup="dialog"
      aria-expanded={open}
      className={classes(SEAL, shared ? LOOK.shared : LOOK.own, short && 'max-desk:px-1.5')}
    >
      {shared ? <Icon name="people" size={14} /> : <Keyhole />}
      <span className={short ? 'max-desk:hidden' : ''}>{words}</span>
    </button>
  )
}
