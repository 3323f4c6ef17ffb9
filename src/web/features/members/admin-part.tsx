/** A part of the page of people that is for administrators. */
import type { ReactNode } from 'react'
import { useMe } from '#web/kernel/session.ts'
import { t } from './text.ts'

/** Shows it to administrators; others read whom it is for. The window is named after it. */
export function AdminPart({ title, lead, children }: { title: string; lead?: string; children: ReactNode }) {
  const { organisation, user } = useMe()
  if (user.role !== 'admin') return <p className="text-muted">{t('people.adminsOnly', { organisation: organisation.name })}</p>
  return (
    <>
      <title>{t('title.page', { page: title, organisation: organisation.name })}</title>
      {lead && <p className="mb-5 max-w-[72ch] text-pretty text-muted">{lead}</p>}
      {children}
    </>
  )
}
