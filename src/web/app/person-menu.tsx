/** The person at the foot of the sidebar, and everything that is about them or the organisation. */
import { useNavigate } from '@tanstack/react-router'
import type { Me } from '#contract/accounts.ts'
import { leave } from '#web/features/chats/data/leave.ts'
import { changePreferences, pictureOf } from '#web/kernel/preferences.ts'
import { useMe } from '#web/kernel/session.ts'
import { caps } from '#web/kernel/shortcuts.ts'
import { t } from '#web/kernel/text.ts'
import type { Theme } from '#web/kernel/theme.ts'
import { MenuButton, type MenuEntry } from '#web/ui/menu.tsx'
import { Portrait } from '#web/ui/portrait.tsx'
import { report } from '#web/ui/report.ts'

const THEMES = [
  { value: 'light', label: t('theme.light') },
  { value: 'dark', label: t('theme.dark') },
  { value: 'system', label: t('theme.system') },
] as const satisfies readonly { value: Theme; label: string }[]

/** The button with the person's name and its menu. */
export function PersonMenu({ onShortcuts }: { onShortcuts: () => void }) {
  const me = useMe()
  return (
    <MenuButton
      says
      label={t('nav.person')}
      entries={useEntries(me, onShortcuts)}
      className="flex min-h-11 w-full items-center gap-2.5 rounded-control px-2 text-left hover:bg-hover aria-expanded:bg-hover desk:min-h-9"
    >
      <Portrait name={me.user.name} source={pictureOf(me.user)} size="small" />
      <span className="min-w-0 flex-1 truncate">
        {me.user.name}
        <span className="sr-only">, {t('nav.person')}</span>
      </span>
    </MenuButton>
  )
}

function useEntries(me: Me, onShortcuts: () => void): MenuEntry[] {
  const navigate = useNavigate()
  const admin: MenuEntry[] = [
    { kind: 'action', icon: 'model', label: t('nav.models'), onSelect: () => void navigate({ to: '/models' }) },
    { kind: 'action', icon: 'device', label: t('nav.logins'), onSelect: () => void navigate({ to: '/logins' }) },
  ]
  return [
    {
      kind: 'choice',
      label: t('theme.label'),
      value: me.user.preferences.theme,
      options: THEMES,
      onChange: (theme) => changePreferences({ theme: theme as Theme }).catch((error: unknown) => report(error, t('preferences.notKept'))),
    },
    { kind: 'line' },
    { kind: 'action', icon: 'person', label: t('nav.account'), onSelect: () => void navigate({ to: '/account/profile' }) },
    { kind: 'action', icon: 'people', label: t('nav.people'), onSelect: () => void navigate({ to: '/people' }) },
    ...(me.user.role === 'admin' ? admin : []),
    { kind: 'action', icon: 'keyhole', label: t('nav.privacy'), onSelect: () => void navigate({ to: '/privacy' }) },
    { kind: 'action', icon: 'book', label: t('nav.handbook'), onSelect: () => void navigate({ to: '/handbook' }) },
    { kind: 'action', icon: 'code', label: t('nav.developers'), onSelect: () => void navigate({ to: '/developers' }) },
    { kind: 'action', icon: 'keys', label: t('nav.shortcuts'), caps: caps('sheet'), onSelect: onShortcuts },
    { kind: 'line' },
    { kind: 'action', icon: 'out', label: t('nav.signOut'), onSelect: () => void leave(me).catch(report) },
  ]
}
