/** Notes that notices were seen, once they are on the page. They keep their mark for as long as the page is open. */
import { useMutation } from '@tanstack/react-query'
import { useEffect, useState } from 'react'
import type { SecurityEvent } from '#contract/security.ts'
import { call } from '#web/kernel/api.ts'
import { tell } from '#web/kernel/events.ts'

/** Notes each of these events that is unread, once, and tells all tabs; gives the ids of those that are new to the person. */
export function useNoteRead(events: readonly SecurityEvent[]): ReadonlySet<string> {
  const [fresh, setFresh] = useState<ReadonlySet<string>>(new Set())
  const { mutate } = useMutation({
    mutationFn: (ids: readonly string[]) => Promise.all(ids.map((eventId) => call('security.read', { params: { eventId } }))),
    onSuccess: () => tell('security', {}),
  })
  useEffect(() => {
    const unread = events.filter(({ id, unread: isUnread }) => isUnread && !fresh.has(id)).map(({ id }) => id)
    if (unread.length === 0) return
    setFresh(new Set([...fresh, ...unread]))
    mutate(unread)
  }, [events, fresh, mutate])
  return fresh
}
