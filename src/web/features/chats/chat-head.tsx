/** The head of a chat: its title, which can be changed in place, and who can read it. */
import { useRef, useState } from 'react'
import type { Chat } from '#contract/chats.ts'
import { useMe } from '#web/kernel/session.ts'
import { hintOf, useShortcut } from '#web/kernel/shortcuts.ts'
import { t } from '#web/kernel/text.ts'
import { PageHead } from '#web/ui/frame.tsx'
import { Icon } from '#web/ui/icon.tsx'
import { MenuButton } from '#web/ui/menu.tsx'
import { useChatActions } from './chat-actions.ts'
import { ChatSeal } from './chat-seal.tsx'
import { TitleInput } from './title-input.tsx'
import { useChatMenu } from './use-chat-menu.ts'

/** Title, seal and menu of the chat; also the title of the window. */
export function ChatHead({ chat, earlier }: { chat: Chat; earlier: readonly string[] }) {
  const [renaming, setRenaming] = useState(false)
  const head = useRef<HTMLHeadingElement>(null)
  const { rename, remove } = useChatActions()
  useShortcut('rename', chat.mayWrite ? () => setRenaming(true) : null)
  useShortcut('remove', chat.mayWrite ? () => void remove(chat) : null)
  const entries = useChatMenu(chat, () => setRenaming(true), 'chat')
  const { organisation } = useMe()
  return (
    <PageHead>
      <title>{t('title.page', { page: chat.description, organisation: organisation.name })}</title>
      <h1 ref={head} className={renaming ? 'min-w-0 flex-[0_1_26rem]' : 'min-w-0 text-message font-strong -ml-2'}>
        {!chat.mayWrite ? (
          <span className="block truncate px-2 py-1">{chat.description}</span>
        ) : renaming ? (
          <TitleInput
            title={chat.description}
            onDone={() => setRenaming(false)}
            home={() => head.current?.querySelector('button')}
            onRename={(title) => void rename(chat, title)}
            className="w-full font-sans"
          />
        ) : (
          <button
            type="button"
            onClick={() => setRenaming(true)}
            {...hintOf(t('chats.rename'), 'rename')}
            className="block max-w-full truncate rounded-control px-2 py-1 hover:bg-hover max-desk:py-2.5"
          >
            {chat.description}
          </button>
        )}
      </h1>
      <ChatSeal chat={chat} model={chat.model} earlier={earlier} short />
      <span className="flex-1" />
      <MenuButton
        label={t('chats.menu', { title: chat.description })}
        align="end"
        className="grid size-11 flex-none place-items-center rounded-control text-muted hover:bg-hover hover:text-ink desk:size-[34px]"
        entries={entries}
      >
        <Icon name="more" />
      </MenuButton>
    </PageHead>
  )
}
