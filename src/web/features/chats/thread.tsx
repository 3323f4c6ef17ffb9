/** The messages of a chat from top to bottom: one path through their tree, the question on its way at its end. */
import { useRouterState } from '@tanstack/react-router'
import { type RefObject, useEffect, useRef, useState } from 'react'
import type { Message } from '#contract/chats.ts'
import { t } from '#web/kernel/text.ts'
import { Button } from '#web/ui/button.tsx'
import { Answer } from './answer.tsx'
import { askAgain } from './data/outbox.ts'
import { versions } from './data/tree.ts'
import { anchorOf } from './message-frame.tsx'
import { Question, UnsentQuestion } from './question.tsx'
import { useAnnouncement } from './use-announcement.ts'
import type { ThreadState } from './use-thread.ts'
import { useThreadScroll } from './use-thread-scroll.ts'

interface ThreadProps {
  place: string
  thread: ThreadState
  /** Fetches earlier messages; null when there are none. */
  loadOlder: (() => void) | null
  onEdit: (question: Message) => void
  onEditUnsent: () => void
  onDiscardUnsent: () => void
}

/** The thread. Screen readers get it as a log that is not read out while it grows, and one sentence beside it. */
export function Thread({ place, thread, loadOlder, onEdit, onEditUnsent, onDiscardUnsent }: ThreadProps) {
  const { path, unsent, tree, show } = thread
  const scroll = useThreadScroll(path[0]?.id ?? null)
  const arrived = useArrival(thread, loadOlder, scroll.letGo)
  const announcement = useAnnouncement(path)
  const { toEnd } = scroll
  // biome-ignore lint/correctness/useExhaustiveDependencies: a question that was just asked is always brought into sight
  useEffect(toEnd, [unsent?.key, toEnd])
  return (
    <div className="relative min-h-0 flex-1">
      <div ref={scroll.scroller} onScroll={scroll.onScroll} className="relative h-full overflow-y-auto [overflow-anchor:none]">
        <div
          ref={scroll.content}
          role="log"
          aria-live="off"
          aria-label={t('thread.log')}
          className="mx-auto max-w-[780px] px-4 pt-7 pb-6 desk:px-5"
        >
          {loadOlder && <OlderAbove key={path[0]?.id} onSeen={loadOlder} root={scroll.scroller} />}
          {path.map((message) => {
            const all = versions(tree, message)
            const common = { message, versions: all, arrived: arrived === message.id, onChoose: show }
            return message.messageType === 'user' ? (
              <Question key={message.id} {...common} onEdit={onEdit} />
            ) : (
              <Answer key={message.id} {...common} models={thread.models} onAgain={thread.answerAgain} />
            )
          })}
          {unsent && <UnsentQuestion unsent={unsent} onRetry={() => askAgain(place)} onEdit={onEditUnsent} onDiscard={onDiscardUnsent} />}
        </div>
      </div>
      {scroll.away && (
        <Button icon="toBottom" onClick={scroll.toEnd} className="absolute bottom-2 left-1/2 -translate-x-1/2 rounded-full! shadow-overlay">
          {t('thread.latest')}
        </Button>
      )}
      <p role="status" className="sr-only">
        {announcement}
      </p>
    </div>
  )
}

/** Follows a link to a message: fetches back to it, shows its path, brings it into sight. Gives the message last arrived at. */
function useArrival({ tree, path, show }: ThreadState, loadOlder: (() => void) | null, letGo: () => void): string | null {
  const hash = useRouterState({ select: (state) => state.location.hash })
  const [arrived, setArrived] = useState<string | null>(null)
  const wanted = hash.startsWith('m-') ? hash.slice(2) : null
  useEffect(() => {
    if (wanted === null || arrived === wanted) return
    if (!tree.byId.has(wanted)) return loadOlder?.()
    if (!path.some(({ id }) => id === wanted)) return show(wanted)
    letGo()
    const element = document.getElementById(anchorOf(wanted))
    element?.scrollIntoView({ block: 'start' })
    element?.focus({ preventScroll: true })
    setArrived(wanted)
  }, [wanted, arrived, tree, path, show, loadOlder, letGo])
  return arrived
}

function OlderAbove({ onSeen, root }: { onSeen: () => void; root: RefObject<HTMLElement | null> }) {
  const mark = useRef<HTMLParagraphElement>(null)
  const seen = useRef(onSeen)
  useEffect(() => {
    const observer = new IntersectionObserver(([entry]) => entry?.isIntersecting && seen.current(), {
      root: root.current,
      rootMargin: '600px',
    })
    if (mark.current) observer.observe(mark.current)
    return () => observer.disconnect()
  }, [root])
  return (
    <p ref={mark} className="pb-6 text-center text-small text-muted">
      {t('thread.older')}
    </p>
  )
}
