/** What screen readers are told of a thread: that an answer has begun and how it ended, never its words one by one. */
import { useEffect, useRef, useState } from 'react'
import type { Message } from '#contract/chats.ts'
import { t } from '#web/kernel/text.ts'
import { countWords, textOf } from './data/parts.ts'

const JUST_MS = 10_000

/** Gives the sentence to announce; empty until something happens. */
export function useAnnouncement(messages: readonly Message[]): string {
  const [sentence, setSentence] = useState('')
  const writing = useRef<Set<string>>(undefined)
  useEffect(() => {
    if (messages.length === 0) return
    const before = writing.current
    writing.current = new Set(messages.filter(({ status }) => status === 'streaming').map(({ id }) => id))
    // A quick answer may be whole before its page has been drawn once.
    const ended = messages.findLast(
      (message) => message.status !== 'streaming' && (before ? before.has(message.id) : isJustWritten(message)),
    )
    const begun = [...writing.current].some((id) => !before?.has(id))
    if (ended) setSentence(outcome(ended))
    else if (begun) setSentence(t('status.answering'))
  }, [messages])
  return sentence
}

function isJustWritten({ messageType, status, timeCreated }: Message): boolean {
  return messageType === 'assistant' && status !== 'streaming' && Date.now() - Date.parse(timeCreated) < JUST_MS
}

function outcome(message: Message): string {
  if (message.status === 'failed') return t('status.failed')
  if (message.status === 'stopped') return t('status.stopped')
  if (message.status === 'interrupted') return t('status.interrupted')
  return t('status.complete', { count: countWords(textOf(message)) })
}
