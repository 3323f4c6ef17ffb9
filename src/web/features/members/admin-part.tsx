/** A part of the page of people that is for administrators. */
import type { ReactNode } from 'react'
import { useMe } from '#web/kernel/session.ts'
import { t } from './text.ts'

/** Shows it to administrators; others read whom it is for. The window is named after it. */
export function AdminPart({ title, lead, children }: { title: string; lead?: string; children: ReactNode }) {
  const { organisation, user } = useMe()
  const named = <title>{t('title.page', { page: title, organisation: organisation.name })}</title>
  if (user.role !== 'admin') {
    return (
      <>
        {named}
        <p className="text-muted">{t('people.adminsOnly', { organisation: organisation.name })}</p>
      </>
    )
  }
  return (
    <>
      {named}
      {lead && <p className="mb-5 max-w-[72ch] text-pretty text-muted">{lead}</p>}
      {children}
    </>
  )
}
