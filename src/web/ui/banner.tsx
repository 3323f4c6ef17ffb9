/** A line across the top of the page: something that is so for now, with what can be done about it. */
import type { ReactNode } from 'react'
import { classes } from './class-names.ts'
import { Icon } from './icon.tsx'

interface BannerProps {
  tone: 'plain' | 'warn'
  children: ReactNode
  actions?: ReactNode
}

/** Shows the sentence; put it into something with the role `status`, so that it is announced. */
export function Banner({ tone, children, actions }: BannerProps) {
  return (
    <div
      className={classes(
        'flex flex-wrap items-center gap-x-3 gap-y-1 border-b border-line px-4 py-2 text-small desk:px-5',
        tone === 'warn' ? 'bg-warn-soft' : 'bg-accent-soft',
      )}
    >
      <div className="flex min-w-0 flex-[1_1_16rem] items-start gap-3">
        <Icon name={tone === 'warn' ? 'warn' : 'info'} className={classes('mt-0.5', tone === 'warn' ? 'text-warn' : 'text-accent')} />
        <p className="min-w-0 flex-1">{children}</p>
      </div>
      {actions && <div className="flex items-center gap-2 max-desk:pl-7">{actions}</div>}
    </div>
  )
}
