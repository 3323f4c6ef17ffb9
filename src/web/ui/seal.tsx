/** The seal: the one chip that says who can read something. Keyhole, words and colour always together. */
import type { Ref } from 'react'
import { classes } from './class-names.ts'
import { Keyhole } from './icon.tsx'

const SEAL =
  'inline-flex items-center gap-1.5 h-6 rounded-full border border-accent-line bg-accent-soft pr-[9px] pl-[7px] text-small leading-5 font-medium whitespace-nowrap text-accent'

interface SealButtonProps {
  words: string
  label: string
  onClick: () => void
  open: boolean
  ref: Ref<HTMLButtonElement>
  /** On a phone only the keyhole is shown. */
  short?: boolean
}

/** The seal as a button that opens the list of readers. Its target reaches beyond what is drawn. */
export function SealButton({ words, label, onClick, open, ref, short = false }: SealButtonProps) {
  return (
    <button
      type="button"
      ref={ref}
      onClick={onClick}
      aria-label={label}
      aria-haspopup="dialog"
      aria-expanded={open}
      className={classes(SEAL, 'relative hover:border-accent before:absolute before:-inset-2.5', short && 'max-desk:px-1.5')}
    >
      <Keyhole />
      <span className={short ? 'max-desk:hidden' : ''}>{words}</span>
    </button>
  )
}
