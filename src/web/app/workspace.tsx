/** The frame around every page of a person who is signed in: the edge, the sidebar, the page, and what they need everywhere. */
import { Outlet, useNavigate, useParams, useRouterState } from '@tanstack/react-router'
import { type ReactNode, Suspense, useEffect, useMemo, useState } from 'react'
import { neighbourOf } from '#web/features/chats/data/chat-list.ts'
import { openOutbox } from '#web/features/chats/data/outbox.ts'
import { openSeen } from '#web/features/chats/data/unread.ts'
import { opened } from '#web/features/chats/sharing/opened.ts'
import { useCell } from '#web/kernel/cell.ts'
import { keepTo } from '#web/kernel/login.ts'
import { useWide } from '#web/kernel/media.ts'
import { followOwn } from '#web/kernel/preferences.ts'
import { useMe } from '#web/kernel/session.ts'
import { useShortcut } from '#web/kernel/shortcuts.ts'
import { t } from '#web/kernel/text.ts'
import { applyAppearance } from '#web/kernel/theme.ts'
import { ConnectionBanner } from '#web/ui/connection-banner.tsx'
import { useUndo } from '#web/ui/deed.ts'
import { Dialog } from '#web/ui/dialog.tsx'
import { SidebarContext } from '#web/ui/frame.tsx'
import { lazyPart } from '#web/ui/lazy-part.ts'
import { report } from '#web/ui/report.ts'
import { Sidebar } from './sidebar.tsx'
import { SidebarEdge, useSidebarWidth } from './sidebar-edge.tsx'
import { useBackCloses } from './use-back-closes.ts'

const LeavingBanner = lazyPart(async () => (await import('#web/features/account/leaving-banner.tsx')).LeavingBanner)
const ShortcutsSheet = lazyPart(async () => (await import('./shortcuts-sheet.tsx')).ShortcutsSheet)
const SharingDialogs = lazyPart(async () => (await import('#web/features/chats/sharing/sharing-dialogs.tsx')).SharingDialogs)
const SessionLife = lazyPart(async () => (await import('#web/features/session/session-life.tsx')).SessionLife)

const HIDDEN = 'sardonyx.sidebarHidden'

/** The workspace, with the page of the address in it. */
export function Workspace() {
  return (
    <WorkspaceFrame>
      <Outlet />
    </WorkspaceFrame>
  )
}

/** The workspace around any page. */
export function WorkspaceFrame({ children }: { children: ReactNode }) {
  useOwnPage()
  const { leaving } = useMe()
  const navigate = useNavigate()
  /** Null until it is opened for the first time. */
  const [sheet, setSheet] = useState<boolean | null>(null)
  const isSharing = useCell(opened, (value) => value !== null)
  const sidebar = useSidebar()
  const [widthPx, setWidth] = useSidebarWidth()
  useShortcut('newChat', () => void navigate({ to: '/' }))
  useShortcut('findChat', () => void navigate({ to: '/find-chat' }))
  useShortcut('sidebar', sidebar.toggle)
  useShortcut('sheet', () => setSheet(true))
  useUndo()
  useNeighbours()
  const does = { onHide: sidebar.toggle, onShortcuts: () => setSheet(true) }
  return (
    <SidebarContext value={sidebar}>
      <div className="edge flex h-[calc(100dvh-var(--keyboard,0px))] print:block print:h-auto print:border-0">
        <a
          href="#main"
          className="fixed top-2 left-2 z-50 -translate-y-20 rounded-control bg-accent px-3 py-2 text-accent-ink focus:translate-y-0"
        >
          {t('nav.skip')}
        </a>
        {sidebar.wide && sidebar.shown && (
          <div className="relative max-w-[45vw] flex-none border-r border-line bg-sunken print:hidden" style={{ width: widthPx }}>
            <Sidebar {...does} edge={<SidebarEdge widthPx={widthPx} setWidth={setWidth} />} />
          </div>
        )}
        {!sidebar.wide && (
          <Dialog shape="drawer" title={t('nav.label')} open={sidebar.shown} onOpenChange={sidebar.toggle}>
            <Sidebar {...does} onNew={sidebar.toggle} />
          </Dialog>
        )}
        <main id="main" tabIndex={-1} className="flex min-w-0 flex-1 flex-col outline-none">
          <ConnectionBanner />
          <Suspense>
            {leaving && <LeavingBanner />}
            <SessionLife />
          </Suspense>
          {children}
        </main>
        <Suspense>{isSharing && <SharingDialogs />}</Suspense>
        <Suspense>{sheet !== null && <ShortcutsSheet open={sheet} onOpenChange={setSheet} />}</Suspense>
      </div>
    </SidebarContext>
  )
}

/** Binds the page to the person: their appearance, their outbox and drafts, and nobody else in this tab. */
function useOwnPage(): void {
  const me = useMe()
  const [opened] = useState(me)
  useEffect(() => {
    keepTo(opened)
    openOutbox(opened.user.id)
    openSeen(opened.user.id)
    import('#web/features/chats/data/keep-drafts.ts').then(({ keepDrafts }) => keepDrafts(opened.user.id), report)
    return followOwn()
  }, [opened])
  const { theme, motion } = me.user.preferences
  useEffect(() => applyAppearance({ theme, motion }), [theme, motion])
}

/** From the chat that is open to the ones beside it, whether or not the list is shown. */
function useNeighbours(): void {
  const navigate = useNavigate()
  const { chatId } = useParams({ strict: false })
  const go = (by: 1 | -1) => {
    const chat = neighbourOf(chatId, by)
    if (chat) void navigate({ to: '/chats/$chatId', params: { chatId: chat.id } })
  }
  useShortcut('previousChat', () => go(-1))
  useShortcut('nextChat', () => go(1))
}

/** On a wide screen the sidebar stays as the person left it; on a small one it covers the page until they go somewhere. */
function useSidebar() {
  const wide = useWide()
  const [hidden, setHidden] = useState(() => localStorage.getItem(HIDDEN) !== null)
  const [drawer, setDrawer] = useState(false)
  const path = useRouterState({ select: (state) => state.location.href })
  useBackCloses(!wide && drawer, () => setDrawer(false))
  // biome-ignore lint/correctness/useExhaustiveDependencies: going somewhere closes the drawer
  useEffect(() => setDrawer(false), [path])
  return useMemo(() => {
    const toggle = () => {
      if (!wide) return setDrawer(!drawer)
      if (hidden) localStorage.removeItem(HIDDEN)
      else localStorage.setItem(HIDDEN, '1')
      setHidden(!hidden)
    }
    return { wide, shown: wide ? !hidden : drawer, toggle }
  }, [wide, hidden, drawer])
}
