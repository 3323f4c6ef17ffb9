/** The frame of pages for people who are not signed in: the mark, a title, one form. */
import type { ReactNode } from 'react'
import { ConnectionBanner } from '#web/ui/connection-banner.tsx'
import { Mark } from '#web/ui/icon.tsx'
import { t } from './text.ts'

interface EntryFrameProps {
  title: string
  lead?: string
  children?: ReactNode
  foot?: string
}

/** A page with one thing to do. */
export function EntryFrame({ title, lead, children, foot }: EntryFrameProps) {
  return (
    <div className="edge flex min-h-dvh flex-col">
      <title>{`${title} · ${t('product.name')}`}</title>
      <ConnectionBanner />
      <main className="mx-auto flex w-full max-w-[27rem] flex-1 flex-col justify-center px-5 py-10">
        <p className="mb-7 flex items-center gap-2.5 font-strong">
          <Mark />
          {t('product.name')}
        </p>
        <h1 className="mb-1.5 text-display font-strong text-balance">{title}</h1>
        {lead && <p className="mb-6 text-muted">{lead}</p>}
        {children}
        {foot && <p className="mt-6 border-t border-line pt-4 text-small text-muted">{foot}</p>}
      </main>
    </div>
  )
}
