/** Drafts of questions, kept in this tab under the place where they are written; nothing overwrites one but the person. */
import { useState } from 'react'
import { useMe } from '#web/kernel/session.ts'
import { store, stored } from '#web/kernel/stored.ts'

const nameOf = (place: string) => `draft.${place}`

/** Gives the draft of the place, and the way to change it. */
export function useDraft(place: string): [text: string, set: (text: string) => void] {
  const userId = useMe().user.id
  const [text, setText] = useState(() => stored<string>(userId, nameOf(place)) ?? '')
  const set = (next: string) => {
    setText(next)
    keepDraft(userId, place, next)
  }
  return [text, set]
}

/** Keeps the text as the draft of the place; empty text forgets it. */
export function keepDraft(userId: string, place: string, text: string): void {
  store(userId, nameOf(place), text === '' ? null : text)
}

/** Puts the text in front of what the draft of the place holds. */
export function putInFront(userId: string, place: string, text: string): void {
  const draft = stored<string>(userId, nameOf(place))
  keepDraft(userId, place, draft === null ? text : `${text}\n\n${draft}`)
}
