/** What a model answered: whole, being written, or ended early; with its sources and what can be done with it. */
import { memo, Suspense, useCallback, useState } from 'react'
import type { Citation, Message, PathMessage } from '#contract/chats.ts'
import { whereTextGoes } from '#web/features/models/model-picker.tsx'
import type { Model } from '#web/features/models/queries.ts'
import { t } from '#web/kernel/text.ts'
import { sayDate } from '#web/kernel/time.ts'
import { IconButton } from '#web/ui/button.tsx'
import { CopyIcon } from '#web/ui/copy-button.tsx'
import { lazyPart } from '#web/ui/lazy-part.ts'
import { Markdown } from '#web/ui/markdown.tsx'
import { CitationChip, nameOf, Sources } from './citations.tsx'
import { useLiveAnswer } from './data/answers.ts'
import { citationsOf, textOf } from './data/parts.ts'
import { Ending, offersAgain } from './ending.tsx'
import { MessageFrame, MessageMenu, Versions } from './message-frame.tsx'
import { useOpenChat } from './open-chat.ts'

const Thumbs = lazyPart(async () => (await import('./feedback.tsx')).Thumbs)
const FeedbackNote = lazyPart(async () => (await import('./feedback.tsx')).FeedbackNote)

interface AnswerProps {
  message: PathMessage
  models: readonly Model[] | undefined
  arrived: boolean
  /** Whether anything follows it. */
  followed: boolean
  onChoose: (id: string) => void
  onAgain: (message: Message) => void
}

/** An answer. */
export const Answer = memo(function Answer({ message, models, arrived, followed, onChoose, onAgain }: AnswerProps) {
  const { text, citations } = useAnswerParts(message)
  const writing = message.status === 'streaming'
  const chat = useOpenChat()
  const again = chat?.mayWrite === false ? null : onAgain
  const mark = useCallback(
    (number: number) => {
      const citation = citations.find((each) => each.number === number)
      return citation && <CitationChip citation={citation} />
    },
    [citations],
  )
  const [noting, setNoting] = useState(false)
  return (
    <MessageFrame id={message.id} author={message.modelName ?? ''} time={message.timeCreated} arrived={arrived}>
      <ByLine message={message} models={models} />
      {(text !== '' || writing) && <Markdown text={text} mark={mark} growing={writing} />}
      {!writing && <Sources citations={citations} />}
      <Ending message={message} followed={followed} onAgain={again} />
      {!writing && (
        <div className="mt-1.5 -mb-2 -ml-2 flex items-center">
          <Versions of={message} onChoose={onChoose} />
          {text !== '' && <CopyIcon label={t('message.copy')} text={() => asMarkdown(text, citations, chat)} />}
          {text !== '' && again && (
            <Suspense fallback={<span className="w-22 desk:w-[68px]" />}>
              <Thumbs message={message} onNote={() => setNoting(true)} />
            </Suspense>
          )}
          {again && !offersAgain(message) && <IconButton icon="again" label={t('message.again')} onClick={() => again(message)} />}
          <MessageMenu message={message} />
        </div>
      )}
      {noting && (
        <Suspense>
          <FeedbackNote message={message} onDone={() => setNoting(false)} />
        </Suspense>
      )}
    </MessageFrame>
  )
})

/** What has arrived just now, or what the server had kept when the page was opened, whichever is further. */
function useAnswerParts(message: Message): { text: string; citations: readonly Citation[] } {
  const live = useLiveAnswer(message.id)
  const kept = textOf(message)
  const behind = !live || message.status !== 'streaming' || live.text.length < kept.length
  return behind ? { text: kept, citations: citationsOf(message) } : live
}

function ByLine({ message, models }: { message: Message; models: readonly Model[] | undefined }) {
  const model = models?.find(({ id }) => id === message.model)
  return (
    <p className="mb-1.5 flex flex-wrap items-baseline gap-x-2 text-small text-muted" title={sayDate(message.timeCreated)}>
      <b className="font-strong text-ink" aria-hidden="true">
        {message.modelName}
      </b>
      {model && whereTextGoes(model)}
    </p>
  )
}

/** Gives the answer for other programs: as it was written, with the list of its sources. */
export function asMarkdown(text: string, citations: readonly Citation[], chat: ReturnType<typeof useOpenChat>): string {
  const sources = citations.map(({ number, source }) => `[${number}] ${nameOf(source, chat)}`)
  return sources.length > 0 ? `${text}\n\n${sources.join('\n')}\n` : text
}
