/** One part of the account: its heading, what it is for, and its content. */
import type { ReactNode } from 'react'
import { useMe } from '#web/kernel/session.ts'
import { t } from '#web/kernel/text.ts'

interface PartProps {
  title: string
  lead: string
  children: ReactNode
  action?: ReactNode
}

/** A part below the tabs; the window is named after it. */
export function Part({ title, lead, children, action }: PartProps) {
  const { organisation } = useMe()
  return (
    <>
      <title>{t('title.page', { page: title, organisation: organisation.name })}</title>
      <div className="mb-5 flex flex-wrap items-start justify-between gap-x-6 gap-y-3">
        <div className="min-w-0 flex-[1_1_16rem]">
          <h2 className="text-title font-strong">{title}</h2>
          <p className="max-w-[72ch] text-pretty text-muted">{lead}</p>
        </div>
        {action}
      </div>
      {children}
    </>
  )
}
