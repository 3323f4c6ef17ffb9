/** What is shown instead of a page that failed, or that isn't there. */
import type { ErrorComponentProps } from '@tanstack/react-router'
import { type ReactNode, useContext, useEffect } from 'react'
import { onRecovery } from '#web/kernel/connection.ts'
import { explain } from '#web/kernel/problem.ts'
import { t } from '#web/kernel/text.ts'
import { Button, ButtonLink } from '#web/ui/button.tsx'
import { SidebarContext } from '#web/ui/frame.tsx'
import { Mark } from '#web/ui/icon.tsx'

/** Says what went wrong and what to do. */
export function FailurePage({ error }: ErrorComponentProps) {
  const { what, next } = explain(error)
  // A page that could not be shown while the server was away shows itself once it is back.
  useEffect(() => onRecovery(() => location.reload()), [])
  return (
    <Alone title={t('failure.heading')}>
      <p className="mb-5 text-muted">
        {what} {next}
      </p>
      <Button look="solid" icon="again" onClick={() => location.reload()}>
        {t('common.retry')}
      </Button>
    </Alone>
  )
}

/** Says that the address leads nowhere. */
export function NotFoundPage() {
  return (
    <Alone title={t('failure.notFoundTitle')}>
      <p className="mb-5 text-muted">{t('failure.notFound')}</p>
      <ButtonLink to="/" look="solid">
        {t('nav.backToChats')}
      </ButtonLink>
    </Alone>
  )
}

function Alone({ title, children }: { title: string; children: ReactNode }) {
  const Tag = useContext(SidebarContext) ? 'div' : 'main'
  return (
    <Tag className="mx-auto flex min-h-dvh max-w-[34rem] flex-col items-start justify-center px-6 pb-24">
      <title>{title}</title>
      <Mark size={26} className="mb-4" />
      <h1 className="mb-2 text-title font-strong">{title}</h1>
      {children}
    </Tag>
  )
}
