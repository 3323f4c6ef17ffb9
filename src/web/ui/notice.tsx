/** Sentences about what happened: in place, with what to do next. */
import type { ReactNode } from 'react'
import { explain } from '../kernel/problem.ts'
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
      {tone !== 'plain' && <Icon name="warn" className={tone === 'failed' ? 'text-danger' : 'text-warn'} />}
      <div className="min-w-0 flex-[1_1_14rem]">{children}</div>
      {action}
    </div>
  )
}

/** What went wrong and what to do, with a button to try again where that can help. */
export function FailureNotice({ error, onRetry, className }: { error: unknown; onRetry?: (() => void) | undefined; className?: string }) {
  const { what, next } = explain(error)
  return (
    <Notice tone="failed" {...(className && { className })} action={onRetry && <Button onClick={onRetry}>{t('common.retry')}</Button>}>
      {what} <span className="text-muted">{next}</span>
    </Notice>
  )
}
