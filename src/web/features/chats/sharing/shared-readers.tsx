/** Who can read a shared chat, exactly, and why: what its seal opens. */
import { useQuery } from '@tanstack/react-query'
import type { Chat } from '#contract/chats.ts'
import { useMe } from '#web/kernel/session.ts'
import { FailureNotice } from '#web/ui/notice.tsx'
import { PersonLine } from './person-line.tsx'
import { sharingQuery } from './queries.ts'
import { t } from './text.ts'
import { WaitingReaders } from './waiting-readers.tsx'

/** The list. */
export function SharedReaders({ chat }: { chat: Chat }) {
  const { user } = useMe()
  const query = useQuery(sharingQuery(chat.id))
  if (query.error) return <FailureNotice error={query.error} onRetry={() => void query.refetch()} />
  if (!query.data) return <WaitingReaders people={chat.people} />
  const ownerName = chat.owner?.name ?? user.name
  const noteOf = (person: { id: string; role: 'owner' | 'viewer' }) => {
    if (person.role === 'owner') return person.id === user.id ? t('share.ownerIs') : t('readers.owner')
    if (person.id === user.id) return t('readers.sharedYou', { name: ownerName })
    return chat.owner ? t('readers.shared', { name: ownerName }) : t('readers.yours')
  }
  return (
    <ul className="mb-2 max-h-72 overflow-y-auto">
      {query.data.people.map((person) => (
        <li key={person.id} className="flex">
          <PersonLine
            person={{ ...person, email: noteOf(person) }}
            name={person.id === user.id ? t('share.you', { name: person.name }) : person.name}
          />
        </li>
      ))}
    </ul>
  )
}
