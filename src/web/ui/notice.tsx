/** Sentences about what happened: in place, with what to do next. */
import type { ReactNode } from 'react'
import { explain } from '../kernel/problem.ts'
import { ProofDeclined } from '../kernel/proof.ts'
import { t } from '../kernel/text.ts'
import { Button } from './button.tsx'
import { classes } from './class-names.ts'
import { Icon } from './icon.tsx'

const TONES = { plain: 'border-l-accent', failed: 'border-l-danger', warn: 'border-l-warn' } as const

interface NoticeProps {
  tone?: keyof typeof TONES
  children: ReactNode
  action?: ReactNode
  className?: string
}

/** A boxed sentence; failures are announced by screen readers at once. */
export function Notice({ tone = 'plain', children, action, className }: NoticeProps) {
  return (
    <div
      role={tone === 'failed' ? 'alert' : 'status'}
      className={classes(
        'flex flex-wrap items-center gap-3 rounded-control border border-l-3 border-line bg-surface px-3.5 py-2.5',
        TONES[tone],
        className,
      )}
    >
      <div className="flex min-w-0 flex-[1_1_14rem] items-start gap-3">
        {tone !== 'plain' && <Icon name="warn" className={classes('mt-[3px]', tone === 'failed' ? 'text-danger' : 'text-warn')} />}
        <div className="min-w-0 flex-1">{children}</div>
      </div>
      {action}
    </div>
  )
}

interface FailureNoticeProps {
  error: unknown
  /** What it means for what was asked, said first. */
  before?: string
  /** Offers a button to try again, where that can help. */
  onRetry?: (() => void) | undefined
  /** Something else to do instead. */
  action?: ReactNode
  className?: string
}

/** What went wrong and what to do. Nothing for what the person declined: they know. */
export function FailureNotice({ error, before, onRetry, action, className }: FailureNoticeProps) {
  if (error instanceof ProofDeclined) return null
  const { what, next } = explain(error)
  const offered = action || (onRetry && <Button onClick={onRetry}>{t('common.retry')}</Button>)
  return (
    <Notice tone="failed" {...(className && { className })} action={offered}>
      {before} {what} <span className="text-muted">{next}</span>
    </Notice>
  )
}
