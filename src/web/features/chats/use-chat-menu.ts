/** What the menu of a chat offers, wherever the chat is shown: in its row of the list and in its head. */
import type { Chat } from '#contract/chats.ts'
import { t } from '#web/kernel/text.ts'
import type { MenuEntry } from '#web/ui/menu.tsx'
import { useChatActions } from './chat-actions.ts'

/** Gives the entries; `onRename` begins to edit the title in its place. */
export function useChatMenu(chat: Chat, onRename: () => void): MenuEntry[] {
  const { remove } = useChatActions()
  return [
    { kind: 'action', icon: 'pencil', label: t('chats.rename'), onSelect: onRename },
    { kind: 'action', icon: 'trash', label: t('common.delete'), danger: true, onSelect: () => void remove(chat) },
  ]
}
