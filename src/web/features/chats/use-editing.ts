/** Asking an earlier question of a chat differently: it has a draft of its own, so that the one of the next question stays. */
import { useState } from 'react'
import { putInFront, useDraft, write } from './data/drafts.ts'

/** Gives what is being asked differently, also after a reload or on another device, and the place of the composer’s draft. */
export function useEditing(chatId: string) {
  const own = `${chatId}.edit`
  const { parentId } = useDraft(own)
  const [round, setRound] = useState(0)
  const place = parentId === undefined ? chatId : own
  const become = (text: string, follows?: string | null) => {
    write(own, { text, parentId: follows })
    setRound(round + 1)
  }
  return {
    /** With the message that the question asked differently follows; null when none is. */
    editing: parentId === undefined ? null : { parentId },
    place,
    /** Changes whenever the composer has another text to begin with. */
    composerKey: `${place} ${round}`,
    begin: (text: string, follows: string | null) => become(text, follows),
    end: () => become(''),
    /** Puts a text in front of what is in the composer. */
    putBack: (text: string) => {
      putInFront(place, text)
      setRound(round + 1)
    },
  }
}
