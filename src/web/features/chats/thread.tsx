/** The messages of a chat from top to bottom: one branch of their tree, drawn where it is seen, the question on its way at its end. */
import { Link, useRouterState } from '@tanstack/react-router'
import { useEffect, useEffectEvent, useState } from 'react'
import type { Chat, Message } from '#contract/chats.ts'
import { t } from '#web/kernel/text.ts'
import { Button } from '#web/ui/button.tsx'
import { classes } from '#web/ui/class-names.ts'
import { Icon } from '#web/ui/icon.tsx'
import type { Spot } from '#web/ui/measured-list.ts'
import { report } from '#web/ui/report.ts'
import { Answer } from './answer.tsx'
import { depthOf } from './data/branch.ts'
import { showAround } from './data/messages.ts'
import { askAgain } from './data/outbox.ts'
import { anchorOf } from './message-frame.tsx'
import { Question, UnsentQuestion } from './question.tsx'
import { useAnnouncement } from './use-announcement.ts'
import type { ThreadState } from './use-thread.ts'
import { useThreadScroll } from './use-thread-scroll.ts'

interface ThreadProps {
  chat: Chat
  thread: ThreadState
  /** At which depth a question is being asked differently; null when none is. */
  edited: number | null
  onEdit: (question: Message) => void
  onEditUnsent: () => void
  onDiscardUnsent: () => void
}

const ABOVE_PX = 16

/** The thread. Screen readers get it as a log that is not read out while it grows, and one sentence beside it. */
export function Thread({ chat, thread, edited, onEdit, onEditUnsent, onDiscardUnsent }: ThreadProps) {
  const { branch, count, unsent } = thread
  const { goTo, toEnd, ...list } = useThreadScroll(chat.id, branch, { count, more: unsent ? 1 : 0 })
  const arrived = useArrival(chat.id, thread, goTo)
  const announcement = useAnnouncement(thread.messages)
  useEffect(() => {
    if (unsent?.key) toEnd()
  }, [unsent?.key, toEnd])
  const toEdited = useEffectEvent(() => edited !== null && goTo({ index: edited, offset: -ABOVE_PX }))
  // biome-ignore lint/correctness/useExhaustiveDependencies: once for each question, and not while the list moves
  useEffect(() => {
    toEdited()
  }, [edited])
  return (
    <div className="relative min-h-0 flex-1">
      <div
        ref={list.scroller}
        onScroll={list.onScroll}
        tabIndex={-1}
        className="relative h-full overflow-y-auto outline-none [overflow-anchor:none]"
      >
        <div role="log" aria-live="off" aria-label={t('thread.log')} className="relative" style={{ height: list.heightPx }}>
          <div className="absolute inset-x-0 mx-auto max-w-[780px] px-4 desk:px-5" style={{ top: list.startPx }}>
            {list.drawn.map((index) => (
              <div
                key={index}
                ref={list.measure}
                data-index={index}
                className={classes(
                  'flow-root',
                  index === edited && '[&_.bubble]:border-accent [&_.bubble]:inset-ring [&_.bubble]:inset-ring-accent',
                )}
              >
                {index === 0 && chat.forkedFrom && <Origin {...chat.forkedFrom} />}
                {index < count ? (
                  <Row depth={index} thread={thread} arrived={arrived} onEdit={onEdit} />
                ) : (
                  unsent && (
                    <UnsentQuestion unsent={unsent} onRetry={() => askAgain(chat.id)} onEdit={onEditUnsent} onDiscard={onDiscardUnsent} />
                  )
                )}
              </div>
            ))}
          </div>
        </div>
      </div>
      {list.away && (
        <Button icon="toBottom" onClick={toEnd} className="absolute bottom-2 left-1/2 -translate-x-1/2 rounded-full! shadow-overlay">
          {t('thread.latest')}
        </Button>
      )}
      <p role="status" className="sr-only">
        {announcement}
      </p>
    </div>
  )
}

interface RowProps {
  depth: number
  thread: ThreadState
  arrived: string | null
  onEdit: (question: Message) => void
}

function Row({ depth, thread, arrived, onEdit }: RowProps) {
  const message = thread.branch.at.get(depth)
  if (!message) return <Unfetched />
  const common = { message, arrived: arrived === message.id, onChoose: thread.choose }
  return message.messageType === 'user' ? (
    <Question {...common} onEdit={onEdit} />
  ) : (
    <Answer {...common} followed={depth < thread.count - 1} models={thread.models} onAgain={thread.answerAgain} />
  )
}

function Unfetched() {
  return (
    <div className="h-[152px] pb-7" aria-hidden="true">
      {[92, 85, 64].map((percent) => (
        <div key={percent} className="skeleton mb-3 h-4" style={{ width: `${percent}%` }} />
      ))}
    </div>
  )
}

/** Where a fork comes from. */
function Origin({ chatId, messageId }: { chatId: string; messageId: string }) {
  return (
    <p className="mb-6 flex items-center gap-2 text-small text-muted">
      <Icon name="fork" />
      <span>
        {t('thread.forked')}{' '}
        <Link
          to="/chats/$chatId"
          params={{ chatId }}
          hash={anchorOf(messageId)}
          className="text-accent underline decoration-1 underline-offset-3 hover:text-accent-strong"
        >
          {t('thread.forkedOpen')}
        </Link>
      </span>
    </p>
  )
}

/** Follows a link to a message: has its branch shown, and brings it into sight. Gives the message last arrived at. */
function useArrival(chatId: string, { branch, unsent }: ThreadState, goTo: (spot: Spot) => void): string | null {
  const hash = useRouterState({ select: (state) => state.location.hash })
  const [arrived, setArrived] = useState<string | null>(null)
  const [sought, setSought] = useState<string | null>(null)
  const wanted = hash.startsWith('m-') && !unsent ? hash.slice(2) : null
  useEffect(() => {
    if (wanted === null || arrived === wanted) return
    const depth = depthOf(branch, wanted)
    if (depth !== undefined) {
      goTo({ index: depth, offset: -ABOVE_PX })
      setArrived(wanted)
    } else if (sought !== wanted) {
      setSought(wanted)
      showAround(chatId, wanted).catch(report)
    }
  }, [wanted, arrived, sought, branch, chatId, goTo])
  return arrived
}
