/** What the menu of a chat offers, wherever the chat is shown: in its row of the list and in its head. */
import type { Chat } from '#contract/chats.ts'
import { caps } from '#web/kernel/shortcuts.ts'
import { t } from '#web/kernel/text.ts'
import type { MenuEntry } from '#web/ui/menu.tsx'
import { useChatActions } from './chat-actions.ts'

/** Gives the entries; `onRename` begins to edit the title in its place. The keys are those of the place where the menu is. */
export function useChatMenu(chat: Chat, onRename: () => void, place: 'chat' | 'list'): MenuEntry[] {
  const { remove } = useChatActions()
  const removing = place === 'chat' ? 'remove' : 'removeRow'
  return [
    { kind: 'action', icon: 'pencil', label: t('chats.rename'), caps: caps('rename'), onSelect: onRename },
    { kind: 'action', icon: 'trash', label: t('common.delete'), danger: true, caps: caps(removing), onSelect: () => void remove(chat) },
  ]
}
