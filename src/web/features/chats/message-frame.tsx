/** What questions and answers have in common: an article named by author and time, its place in links, and its versions. */
import type { ReactNode } from 'react'
import type { Message } from '#contract/chats.ts'
import { t } from '#web/kernel/text.ts'
import { sayTime } from '#web/kernel/time.ts'
import { IconButton } from '#web/ui/button.tsx'
import { classes } from '#web/ui/class-names.ts'

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
  return (
    <article
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

/** Arrows between versions of a message; nothing where there is one. */
export function Versions({ message, all, onChoose }: { message: Message; all: readonly Message[]; onChoose: (id: string) => void }) {
  if (all.length < 2) return null
  const index = all.findIndex(({ id }) => id === message.id)
  const [previous, next] = [all[index - 1], all[index + 1]]
  return (
    <span className="mr-1.5 inline-flex items-center text-small text-muted tabular-nums">
      <IconButton
        icon="left"
        label={t('message.previous')}
        shortcut="previousVersion"
        disabled={!previous}
        onClick={() => previous && onChoose(previous.id)}
      />
      <span aria-hidden="true">{t('message.siblings', { index: index + 1, total: all.length })}</span>
      <span className="sr-only">{t('message.siblingsLabel', { index: index + 1, total: all.length })}</span>
      <IconButton
        icon="right"
        label={t('message.next')}
        shortcut="nextVersion"
        disabled={!next}
        onClick={() => next && onChoose(next.id)}
      />
    </span>
  )
}
