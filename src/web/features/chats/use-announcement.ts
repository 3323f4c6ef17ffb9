/** What screen readers are told of a thread: that an answer has begun and how it ended, never its words one by one. */
import { useEffect, useRef, useState } from 'react'
import type { Message } from '#contract/chats.ts'
import { t } from '#web/kernel/text.ts'
import { countWords, textOf } from './data/parts.ts'

/** Gives the sentence to announce; empty until something happens. */
export function useAnnouncement(messages: readonly Message[]): string {
  const [sentence, setSentence] = useState('')
  const writing = useRef(new Set<string>())
  useEffect(() => {
    for (const message of messages) {
      const before = writing.current.has(message.id)
      if (message.status === 'streaming' && !before) {
        writing.current.add(message.id)
        setSentence(t('status.answering'))
      }
      if (message.status !== 'streaming' && before) {
        writing.current.delete(message.id)
        setSentence(outcome(message))
      }
    }
  }, [messages])
  return sentence
}

function outcome(message: Message): string {
  if (message.status === 'failed') return t('status.failed')
  if (message.status === 'stopped') return t('status.stopped')
  if (message.status === 'interrupted') return t('status.interrupted')
  return t('status.complete', { count: countWords(textOf(message)) })
}
