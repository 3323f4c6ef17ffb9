/** Asking an earlier question of a chat differently: it has a draft of its own, so that the one of the next question stays. */
import { useState } from 'react'
import { useMe } from '#web/kernel/session.ts'
import { store, stored } from '#web/kernel/stored.ts'
import { keepDraft, putInFront } from './data/drafts.ts'

interface Editing {
  /** The message that the question asked differently follows. */
  readonly parentId: string | null
}

/** Gives what is being asked differently, also after a reload, and the place of the composer’s draft. */
export function useEditing(chatId: string) {
  const userId = useMe().user.id
  const name = `editing.${chatId}`
  const [editing, setEditing] = useState(() => stored<Editing>(userId, name))
  const [round, setRound] = useState(0)
  const own = `${chatId}.edit`
  const place = editing ? own : chatId
  const become = (next: Editing | null, text: string) => {
    store(userId, name, next)
    keepDraft(userId, own, text)
    setEditing(next)
    setRound(round + 1)
  }
  return {
    editing,
    place,
    /** Changes whenever the composer has another text to begin with. */
    composerKey: `${place} ${round}`,
    begin: (text: string, parentId: string | null) => become({ parentId }, text),
    end: () => become(null, ''),
    /** Puts a text in front of what is in the composer. */
    putBack: (text: string) => {
      putInFront(userId, place, text)
      setRound(round + 1)
    },
  }
}
