/** What questions and answers have in common: an article named by author and time, its place in links, and its versions. */
import { type KeyboardEvent, type ReactNode, useEffect, useRef } from 'react'
import type { PathMessage } from '#contract/chats.ts'
import { t } from '#web/kernel/text.ts'
import { sayTime } from '#web/kernel/time.ts'
import { IconButton } from '#web/ui/button.tsx'
import { classes } from '#web/ui/class-names.ts'
import { copy } from '#web/ui/copy.ts'
import { Icon } from '#web/ui/icon.tsx'
import { MenuButton, type MenuEntry } from '#web/ui/menu.tsx'
import { toast } from '#web/ui/toast.ts'
import { useFork } from './use-fork.ts'

/** Where links to a message point. */
export const anchorOf = (messageId: string) => `m-${messageId}`

interface FrameProps {
  id: string
  author: string
  time: string
  /** Whether a link has just led here. */
  arrived?: boolean
  children: ReactNode
}

/** An article of the thread, with a heading for those who can't see it. */
export function MessageFrame({ id, author, time, arrived = false, children }: FrameProps) {
  const article = useRef<HTMLElement>(null)
  useEffect(() => {
    if (arrived) article.current?.focus({ preventScroll: true })
  }, [arrived])
  return (
    <article
      ref={article}
      id={anchorOf(id)}
      aria-labelledby={`${anchorOf(id)}-by`}
      tabIndex={-1}
      className={classes('group/message mb-7 scroll-mt-6 rounded-panel text-message outline-none', arrived && 'arrived')}
    >
      <h2 id={`${anchorOf(id)}-by`} className="sr-only">
        {t('message.by', { author, time: sayTime(time) })}
      </h2>
      {children}
    </article>
  )
}

/** Arrows between versions of a message, which the arrow keys move as well; nothing where there is one. */
export function Versions({ of, onChoose }: { of: PathMessage; onChoose: (id: string) => void }) {
  const { number, total, previousId, nextId } = of.versions
  if (total < 2) return null
  const choose = (id: string | null) => id !== null && onChoose(id)
  const onKeyDown = ({ key }: KeyboardEvent) => {
    if (key === 'ArrowLeft') choose(previousId)
    if (key === 'ArrowRight') choose(nextId)
  }
  return (
    // biome-ignore lint/a11y/useSemanticElements: a fieldset is for forms
    <span
      role="group"
      aria-label={t('message.versions')}
      onKeyDown={onKeyDown}
      className="mr-1.5 inline-flex items-center text-small text-muted tabular-nums"
    >
      <IconButton
        icon="left"
        label={t('message.previous')}
        shortcut="previousVersion"
        aria-disabled={previousId === null}
        onClick={() => choose(previousId)}
      />
      <span aria-hidden="true">{t('message.siblings', { index: number, total })}</span>
      <span className="sr-only" aria-live="polite">
        {t('message.siblingsLabel', { index: number, total })}
      </span>
      <IconButton
        icon="right"
        label={t('message.next')}
        shortcut="nextVersion"
        aria-disabled={nextId === null}
        onClick={() => choose(nextId)}
      />
    </span>
  )
}

/** What else can be done from a message. */
export function MessageMenu({ message }: { message: PathMessage }) {
  const fork = useFork()
  const { chatId, id, status } = message
  const link = async () => {
    if (await copy(`${location.origin}/chats/${chatId}#${anchorOf(id)}`)) toast({ text: t('message.linkCopied') })
  }
  const entries: MenuEntry[] = [{ kind: 'action', icon: 'link', label: t('message.copyLink'), onSelect: () => void link() }]
  if (status !== 'streaming')
    entries.unshift({ kind: 'action', icon: 'fork', label: t('message.fork'), onSelect: () => void fork(message) })
  return (
    <MenuButton
      label={t('message.menu')}
      align={message.messageType === 'user' ? 'end' : 'start'}
      className="grid size-11 flex-none place-items-center rounded-control text-muted hover:bg-hover hover:text-ink desk:size-[34px]"
      entries={entries}
    >
      <Icon name="more" />
    </MenuButton>
  )
}
