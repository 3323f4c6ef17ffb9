/** The sidebar: whose workspace this is, a new chat, the person's chats, and the person. */
import { Link } from '@tanstack/react-router'
import type { ReactNode } from 'react'
import { ChatList } from '#web/features/chats/chat-list.tsx'
import { useMe } from '#web/kernel/session.ts'
import { caps, hintOf } from '#web/kernel/shortcuts.ts'
import { t } from '#web/kernel/text.ts'
import { IconButton, Keys } from '#web/ui/button.tsx'
import { Icon, Mark } from '#web/ui/icon.tsx'
import { PersonMenu } from './person-menu.tsx'

const PLACES = [
  { to: '/archive', icon: 'archive', label: 'nav.archive', shortcut: undefined },
  { to: '/trash', icon: 'trash', label: 'nav.trash', shortcut: undefined },
  { to: '/find-chat', icon: 'search', label: 'nav.findChat', shortcut: 'findChat' },
] as const

interface SidebarProps {
  onHide: () => void
  onShortcuts: () => void
  /** Called when a new chat is asked for, also from the page of one. */
  onNew?: () => void
  /** By which it is made wider, where it can be. */
  edge?: ReactNode
}

/** The content of the sidebar, wherever it is shown. */
export function Sidebar({ onHide, onShortcuts, onNew, edge }: SidebarProps) {
  const { organisation } = useMe()
  return (
    <nav aria-label={t('nav.label')} className="flex h-full flex-col">
      <div className="flex h-[52px] flex-none items-center gap-2.5 pr-2 pl-4">
        <Mark />
        <span className="min-w-0 flex-1 truncate font-strong" title={organisation.name}>
          {organisation.name}
        </span>
        <IconButton icon="panel" label={t('nav.hide')} shortcut="sidebar" onClick={onHide} />
      </div>
      <div className="px-2.5 pb-1">
        <Link
          to="/"
          onClick={onNew}
          {...hintOf(t('nav.newChat'), 'newChat')}
          className="flex min-h-11 items-center gap-2.5 rounded-control border border-line bg-surface px-2 font-medium hover:bg-hover desk:min-h-[34px]"
        >
          <Icon name="plus" className="text-muted" />
          <span className="flex-1">{t('nav.newChat')}</span>
          <span className="max-desk:hidden">
            <Keys caps={caps('newChat')} />
          </span>
        </Link>
      </div>
      <ChatList />
      <Places />
      <div className="flex-none border-t border-line p-2 pb-[max(8px,env(safe-area-inset-bottom))]">
        <PersonMenu onShortcuts={onShortcuts} />
      </div>
      {edge}
    </nav>
  )
}

/** Where chats are that are not in the list. */
function Places() {
  return (
    <ul className="flex flex-none border-t border-line px-2 py-1">
      {PLACES.map(({ to, icon, label, shortcut }) => (
        <li key={to} className="min-w-0 flex-auto">
          <Link
            to={to}
            {...hintOf(t(label), shortcut)}
            className="flex min-h-11 items-center justify-center gap-1.5 rounded-control px-1.5 text-small text-muted hover:bg-hover hover:text-ink aria-[current=page]:text-ink desk:min-h-[30px]"
          >
            <Icon name={icon} size={14} />
            <span className="truncate">{t(label)}</span>
          </Link>
        </li>
      ))}
    </ul>
  )
}
