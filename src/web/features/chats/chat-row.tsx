/** One chat in the sidebar: open it, rename it in place, delete it with a way back. */
import { Link } from '@tanstack/react-router'
import { memo, useState } from 'react'
import type { Chat } from '#contract/chats.ts'
import { t } from '#web/kernel/text.ts'
import { Icon } from '#web/ui/icon.tsx'
import { MenuButton } from '#web/ui/menu.tsx'
import { useChatActions } from './chat-actions.ts'
import { TitleInput } from './title-input.tsx'

/** The heading of a group of chats. */
export function Heading({ words }: { words: string }) {
  return <h2 className="flex h-[38px] items-end px-2 pb-1 text-tiny font-medium text-muted">{words}</h2>
}

const ROW =
  'group relative flex h-11 items-center rounded-control pr-1 pl-2 desk:h-[34px] hover:bg-hover ' +
  'has-[a[aria-current=page]]:bg-surface has-[a[aria-current=page]]:inset-ring has-[a[aria-current=page]]:inset-ring-line'

/** A row of the list. */
export const ChatRow = memo(function ChatRow({ chat }: { chat: Chat }) {
  const [renaming, setRenaming] = useState(false)
  const { rename, remove } = useChatActions()
  if (renaming) {
    return (
      <div className={ROW}>
        <TitleInput
          title={chat.description}
          onDone={() => setRenaming(false)}
          onRename={(title) => void rename(chat, title)}
          className="w-full"
        />
      </div>
    )
  }
  return (
    <div className={ROW}>
      <Link
        to="/chats/$chatId"
        params={{ chatId: chat.id }}
        className="min-w-0 flex-1 truncate leading-[34px] max-desk:leading-11 aria-[current=page]:font-medium"
        title={chat.description}
      >
        {chat.description}
      </Link>
      {chat.answering && (
        <span className="mx-1.5 size-[7px] flex-none rounded-full bg-accent" title={t('chats.answering')}>
          <span className="sr-only">{t('chats.answering')}</span>
        </span>
      )}
      <MenuButton
        label={t('chats.menu', { title: chat.description })}
        className={
          'grid size-7 flex-none place-items-center rounded-control text-muted hover:text-ink max-desk:size-11 ' +
          'desk:w-0 desk:overflow-hidden desk:opacity-0 group-hover:w-7 group-hover:opacity-100 focus-visible:w-7 focus-visible:opacity-100 aria-expanded:w-7 aria-expanded:opacity-100'
        }
        entries={[
          { kind: 'action', icon: 'pencil', label: t('chats.rename'), onSelect: () => setRenaming(true) },
          { kind: 'action', icon: 'trash', label: t('common.delete'), danger: true, onSelect: () => void remove(chat) },
        ]}
      >
        <Icon name="more" />
      </MenuButton>
    </div>
  )
})
