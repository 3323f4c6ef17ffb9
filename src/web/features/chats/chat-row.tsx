/** One chat in the sidebar: open it, rename it in place, delete it with a way back. Its title stands still whatever is beside it. */
import { Link } from '@tanstack/react-router'
import { type KeyboardEvent, memo, useRef, useState } from 'react'
import type { Chat } from '#contract/chats.ts'
import { isShortcut } from '#web/kernel/shortcuts.ts'
import { t } from '#web/kernel/text.ts'
import { classes } from '#web/ui/class-names.ts'
import { Icon } from '#web/ui/icon.tsx'
import { MenuButton } from '#web/ui/menu.tsx'
import { useChatActions } from './chat-actions.ts'
import { choose, useChosen } from './data/selection.ts'
import { useUnread } from './data/unread.ts'
import { TitleInput } from './title-input.tsx'
import { useChatMenu } from './use-chat-menu.ts'

/** The heading of a group of chats. */
export function Heading({ words }: { words: string }) {
  return <h2 className="flex h-full items-end px-2 pb-1 text-tiny font-medium text-muted">{words}</h2>
}

const ROW =
  'group relative flex h-full items-center rounded-control pr-1 pl-2 hover:bg-hover focus-within:bg-hover ' +
  'has-[a[aria-current=page]]:bg-surface has-[a[aria-current=page]]:inset-ring has-[a[aria-current=page]]:inset-ring-line'

const MENU =
  'grid size-11 flex-none place-items-center rounded-control bg-inherit text-muted hover:text-ink ' +
  'desk:absolute desk:right-1 desk:size-7 desk:opacity-0 desk:group-hover:opacity-100 desk:group-focus-within:opacity-100 desk:aria-expanded:opacity-100'

interface ChatRowProps {
  chat: Chat
  /** Whether the Tab key comes to this row; of a list it comes to one. */
  isStop: boolean
}

/** A row of the list. */
export const ChatRow = memo(function ChatRow({ chat, isStop }: ChatRowProps) {
  const [renaming, setRenaming] = useState(false)
  const { rename, remove } = useChatActions()
  const unread = useUnread(chat)
  const entries = useChatMenu(chat, () => setRenaming(true), 'list')
  const row = useRef<HTMLDivElement>(null)
  const isChosen = useChosen(chat.id)
  // What others share is theirs to pin, archive and delete.
  const chosen = chat.owner ? null : isChosen
  const onKeyDown = (event: KeyboardEvent) => {
    if (!row.current?.contains(event.target as Element)) return
    if (event.key === ' ' && !chat.owner && (chosen !== null || event.shiftKey || event.ctrlKey)) {
      event.preventDefault()
      return choose(chat.id, event.shiftKey)
    }
    const openMenu = () => row.current?.querySelector<HTMLElement>('[aria-haspopup]')?.click()
    const acts = { renameRow: () => setRenaming(true), removeRow: () => void remove(chat), menuOfRow: openMenu }
    const id = (Object.keys(acts) as (keyof typeof acts)[]).find((each) => isShortcut(event, each))
    if (!id || (id !== 'menuOfRow' && !chat.mayWrite)) return
    event.preventDefault()
    acts[id]()
  }
  if (renaming) {
    return (
      <div ref={row} className={ROW}>
        <TitleInput
          title={chat.description}
          onDone={() => setRenaming(false)}
          home={() => row.current?.querySelector('a')}
          onRename={(title) => void rename(chat, title)}
          className="w-full"
        />
      </div>
    )
  }
  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: keys pressed on the link and the button inside it
    <div ref={row} className={ROW} onKeyDown={onKeyDown}>
      {chosen !== null && <Tick chosen={chosen} />}
      <Link
        to="/chats/$chatId"
        params={{ chatId: chat.id }}
        tabIndex={isStop ? 0 : -1}
        data-row={chat.id}
        className={classes(
          'min-w-0 flex-1 truncate rounded-control -ml-2 pl-2 -outline-offset-2 leading-11 desk:group-focus-within:pr-8 desk:group-hover:pr-8 desk:leading-[34px] aria-[current=page]:font-medium',
          unread && 'font-strong',
        )}
        title={chat.description}
        {...(chosen !== null && { role: 'checkbox', 'aria-checked': chosen })}
        onClick={(event) => {
          if (chat.owner || (chosen === null && !event.shiftKey)) return
          event.preventDefault()
          choose(chat.id, event.shiftKey)
        }}
      >
        {chat.description}
      </Link>
      {chat.owner && <Owner name={chat.owner.name} />}
      {!chat.owner && chat.people > 1 && <SharedMark people={chat.people} />}
      <Marks answering={chat.answering} unread={unread} />
      {chosen === null && (
        <MenuButton label={t('chats.menu', { title: chat.description })} tabIndex={isStop ? 0 : -1} className={MENU} entries={entries}>
          <Icon name="more" />
        </MenuButton>
      )}
    </div>
  )
})

/** The way to what a shelf has beyond what is loaded. */
export function MoreRow({ id, isStop, onMore }: { id: string; isStop: boolean; onMore: () => void }) {
  return (
    <button
      type="button"
      tabIndex={isStop ? 0 : -1}
      data-row={id}
      onClick={onMore}
      className="h-full w-full rounded-control px-2 text-left text-muted -outline-offset-2 hover:bg-hover hover:text-ink"
    >
      {t('shared.more')}
    </button>
  )
}

/** That others read a chat of the person's own. */
function SharedMark({ people }: { people: number }) {
  const words = t('seal.shared', { count: people })
  return (
    <span className="ml-2 flex-none text-muted" title={words}>
      <Icon name="people" size={14} />
      <span className="sr-only">{words}</span>
    </span>
  )
}

/** Whose chat it is that is shared with the person. */
function Owner({ name }: { name: string }) {
  return (
    <span className="ml-2 max-w-[45%] flex-none truncate text-small text-muted" title={t('shared.by', { name })}>
      <span className="sr-only">{t('shared.by', { name })}</span>
      <span aria-hidden="true">{name.split(' ')[0]}</span>
    </span>
  )
}

function Tick({ chosen }: { chosen: boolean }) {
  return (
    <span
      aria-hidden="true"
      className={classes(
        'mr-3 grid size-4 flex-none place-items-center rounded-[4px] border',
        chosen ? 'border-accent bg-accent text-accent-ink' : 'border-control bg-surface',
      )}
    >
      {chosen && <Icon name="check" size={12} />}
    </span>
  )
}

/** What can be said of a chat without opening it. */
function Marks({ answering, unread }: { answering: boolean; unread: boolean }) {
  if (!answering && !unread) return null
  const words = answering ? t('chats.answering') : t('chats.unread')
  return (
    <span className="flex size-7 flex-none items-center justify-center" title={words}>
      <span className={classes('rounded-full', answering ? 'writing' : 'size-2 bg-accent forced-colors:bg-[Highlight]')} />
      <span className="sr-only">{words}</span>
    </span>
  )
}
