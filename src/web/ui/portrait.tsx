/** Somebody, small and round: their picture, or the first letter of their name where there is none or it cannot be shown. */
import { useState } from 'react'
import { classes } from './class-names.ts'

const SIZES = { small: 'size-6 text-tiny', medium: 'size-9', large: 'size-24 text-display' } as const

interface PortraitProps {
  name: string
  /** Where the picture is; null where there is none. */
  source: string | null
  size: keyof typeof SIZES
}

/** Stands beside the name, which says who it is; screen readers leave it out. */
export function Portrait({ name, source, size }: PortraitProps) {
  const [failed, setFailed] = useState<string | null>(null)
  const round = classes('flex-none rounded-full', SIZES[size])
  if (source !== null && source !== failed)
    return <img src={source} alt="" className={classes(round, 'bg-sunken object-cover')} onError={() => setFailed(source)} />
  return (
    <span className={classes(round, 'grid place-items-center bg-accent-soft font-strong text-accent')} aria-hidden="true">
      {[...name][0]?.toUpperCase()}
    </span>
  )
}
