/** How an answer ended that did not end by itself, and how to go on from there. */
import { useState } from 'react'
import { LONGEST_CONTINUED } from '#contract/bounds.ts'
import type { Message } from '#contract/chats.ts'
import { t } from '#web/kernel/text.ts'
import { Button } from '#web/ui/button.tsx'
import { Icon } from '#web/ui/icon.tsx'
import { report } from '#web/ui/report.ts'
import { continueAnswer } from './data/answers.ts'
import { failureOf, textOf } from './data/parts.ts'

interface EndingProps {
  message: Message
  followed: boolean
  /** Null for who may only read. */
  onAgain: ((message: Message) => void) | null
}

/** Says why the answer ended; nothing when it is complete. */
export function Ending({ message, followed, onAgain }: EndingProps) {
  const sentence = endingOf(message)
  if (!sentence) return null
  return (
    <div className="mt-3 flex max-w-[68ch] flex-wrap items-center gap-x-3 gap-y-2 text-base text-muted">
      <p className="flex gap-2.5">
        {message.status === 'failed' && <Icon name="warn" className="mt-[3px] text-danger" />}
        {sentence}
      </p>
      <span className="flex gap-2">
        {onAgain && !followed && goesOn(message) && <Continue message={message} />}
        {onAgain && offersAgain(message) && (
          <Button icon="again" onClick={() => onAgain(message)}>
            {t('message.again')}
          </Button>
        )}
      </span>
    </div>
  )
}

function Continue({ message }: { message: Message }) {
  const [asked, setAsked] = useState(false)
  const ask = () => {
    setAsked(true)
    continueAnswer(message)
      .catch((error: unknown) => report(error, t('message.continueFailed')))
      .finally(() => setAsked(false))
  }
  return (
    <Button icon="play" onClick={ask} busy={asked}>
      {t('message.continue')}
    </Button>
  )
}

/** Whether the ending itself offers to answer again. */
export function offersAgain(message: Message): boolean {
  return endingOf(message) !== null && failureOf(message)?.retry !== false
}

/** Whether a model can go on where it ended; the Librarian, which quotes, would begin anew, and one that is very long is long enough. */
function goesOn(message: Message): boolean {
  const { length } = textOf(message)
  const readable = length > 0 && length <= LONGEST_CONTINUED && message.model !== 'librarian'
  return readable && (failureOf(message)?.retry ?? (message.status === 'stopped' || message.status === 'interrupted'))
}

function endingOf(message: Message): string | null {
  const failure = failureOf(message)
  if (failure) return failure.sentence
  if (message.status === 'failed') return t('message.failed')
  if (message.status === 'stopped') return t('message.stopped')
  return message.status === 'interrupted' ? t('message.interrupted') : null
}
