/** What the menu of a chat offers, wherever the chat is shown: in its row of the list and in its head. */
import type { Chat } from '#contract/chats.ts'
import { caps } from '#web/kernel/shortcuts.ts'
import { t } from '#web/kernel/text.ts'
import type { MenuEntry } from '#web/ui/menu.tsx'
import { report } from '#web/ui/report.ts'
import { useChatActions } from './chat-actions.ts'
import { choose } from './data/selection.ts'
import { opened } from './sharing/opened.ts'

/** Gives the entries; `onRename` begins to edit the title in its place. The keys are those of the place where the menu is. */
export function useChatMenu(chat: Chat, onRename: () => void, place: 'chat' | 'list'): MenuEntry[] {
  const { remove } = useChatActions()
  const removing = place === 'chat' ? 'remove' : 'removeRow'
  if (chat.owner) return [{ kind: 'action', icon: 'out', label: t('chats.leave'), onSelect: () => opened.set({ chat, act: 'leave' }) }]
  return [
    {
      kind: 'action',
      icon: 'people',
      label: chat.people > 1 ? t('chats.shareOwn') : t('chats.share'),
      onSelect: () => opened.set({ chat, act: 'share' }),
    },
    { kind: 'action', icon: 'pencil', label: t('chats.rename'), caps: caps('rename'), onSelect: onRename },
    ...(chat.temporaryUntil ? [] : placesOf(chat)),
    { kind: 'action', icon: 'trash', label: t('common.delete'), danger: true, caps: caps(removing), onSelect: () => void remove(chat) },
  ]
}

/** Pinned, archived, or chosen together with others. A temporary chat is in no list. */
function placesOf(chat: Chat): MenuEntry[] {
  const entry = (act: 'pin' | 'unpin' | 'archive' | 'unarchive'): MenuEntry => ({
    kind: 'action',
    icon: act.endsWith('pin') ? 'pin' : 'archive',
    label: t(`act.${act}`),
    onSelect: () => void import('./data/many.ts').then(({ changeChats }) => changeChats(act, [chat]), report),
  })
  return [
    entry(chat.pinned ? 'unpin' : 'pin'),
    entry(chat.archived ? 'unarchive' : 'archive'),
    ...(chat.archived ? [] : [{ kind: 'action', icon: 'check', label: t('act.choose'), onSelect: () => choose(chat.id) } as const]),
  ]
}
