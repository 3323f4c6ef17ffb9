/** The frame of a page inside the workspace: its head, which on small screens opens the sidebar, and its body. */
import { createContext, type ReactNode, useContext } from 'react'
import { t } from '../kernel/text.ts'
import { IconButton } from './button.tsx'
import { classes } from './class-names.ts'

export interface Sidebar {
  readonly shown: boolean
  /** Whether there is room for it beside the page; otherwise it covers the page, and what opened it stays where it is. */
  readonly wide: boolean
  readonly toggle: () => void
}

/** The sidebar of the workspace; null where there is none. */
export const SidebarContext = createContext<Sidebar | null>(null)

/** The head of a page: what it is on the left, what it offers on the right. */
export function PageHead({ children }: { children: ReactNode }) {
  const sidebar = useContext(SidebarContext)
  return (
    <header className="flex h-[52px] flex-none items-center gap-2 border-b border-line px-1.5 desk:gap-3 desk:px-5">
      {sidebar && !(sidebar.shown && sidebar.wide) && (
        <IconButton icon="bars" label={t('nav.open')} shortcut="sidebar" onClick={sidebar.toggle} className="desk:-ml-2" />
      )}
      {children}
    </header>
  )
}

/** A page that is read from the top: title in the head, everything else below it. */
export function ReadingPage({
  title,
  lead,
  children,
  action,
  wide = false,
  administers = false,
}: {
  title: string
  lead?: ReactNode
  children: ReactNode
  action?: ReactNode
  /** Gives tables the room they need. */
  wide?: boolean
  /** Whether what is done here is done to everybody; the edge of the workspace shows it. */
  administers?: boolean
}) {
  return (
    <>
      <PageHead>
        <h1 className="truncate text-message font-strong">{title}</h1>
        <span className="flex-1" />
        <div className="contents print:hidden">{action}</div>
      </PageHead>
      <div className="relative min-h-0 flex-1 overflow-y-auto print:overflow-visible" data-administers={administers || undefined}>
        <div className={classes('mx-auto px-4 pt-6 pb-16 desk:px-6', wide ? 'max-w-[1160px]' : 'max-w-[820px]')}>
          {lead && <p className="mb-5 max-w-[68ch] text-muted">{lead}</p>}
          {children}
        </div>
      </div>
    </>
  )
}

/** A box of rows divided by hairlines. */
export function Panel({ children, className }: { children: ReactNode; className?: string }) {
  return <div className={classes('divide-y divide-line rounded-panel border border-line bg-surface', className)}>{children}</div>
}

/** Stands where rows will be, at their height: of two lines, or of three. */
export function PanelSkeleton({ rows = 3, lines = 2 }: { rows?: number; lines?: 2 | 3 }) {
  const height = lines === 2 ? 'h-[68px]' : 'h-[95px]'
  return (
    <Panel>
      {Array.from({ length: rows }, (_, index) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: rows without content have no other key
        <div key={index} className={`flex flex-col justify-center gap-2 px-4 ${height}`} aria-hidden="true">
          <div className="skeleton h-3.5 w-40" />
          <div className="skeleton h-3 w-64 max-w-full" />
          {lines === 3 && <div className="skeleton h-3 w-80 max-w-full" />}
        </div>
      ))}
    </Panel>
  )
}
