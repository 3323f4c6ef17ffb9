/** The reference of the HTTP interface: open to everybody, and in the workspace for those who are signed in. */
import { useQuery } from '@tanstack/react-query'
import { Reference } from '#web/features/developers/reference.tsx'
import { meQuery } from '#web/kernel/session.ts'
import { t } from '#web/kernel/text.ts'
import { ButtonLink } from '#web/ui/button.tsx'
import { Mark } from '#web/ui/icon.tsx'
import { WorkspaceFrame } from './workspace.tsx'

/** The page `/developers`. */
export function DevelopersPage() {
  const me = useQuery({ ...meQuery, retry: false })
  if (me.isPending) return null
  if (me.data) {
    return (
      <WorkspaceFrame>
        <Reference />
      </WorkspaceFrame>
    )
  }
  return (
    <div className="edge flex h-dvh flex-col">
      <header className="flex h-[52px] flex-none items-center gap-2.5 border-b border-line px-5">
        <Mark />
        <span className="flex-1 font-strong">{t('product.name')}</span>
        <ButtonLink to="/sign-in">{t('nav.toSignIn')}</ButtonLink>
      </header>
      <main className="flex min-h-0 flex-1 flex-col">
        <Reference />
      </main>
    </div>
  )
}
