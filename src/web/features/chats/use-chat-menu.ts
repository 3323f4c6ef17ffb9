/** What the menu of a chat offers, wherever the chat is shown: in its row of the list and in its head. */
import type { Chat } from '#contract/chats.ts'
import { caps } from '#web/kernel/shortcuts.ts'
import { t } from '#web/kernel/text.ts'
import type { MenuEntry } from '#web/ui/menu.tsx'
import { useChatActions } from './chat-actions.ts'
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
    { kind: 'action', icon: 'trash', label: t('common.delete'), danger: true, caps: caps(removing), onSelect: () => void remove(chat) },
  ]
}
