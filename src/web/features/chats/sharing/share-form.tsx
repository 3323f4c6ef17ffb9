/** Sharing a chat: who can read it now, who will be able to, and what exactly they will see, before it is done. */
import { useMutation, useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import type { Member } from '#contract/accounts.ts'
import type { Chat } from '#contract/chats.ts'
import type { ChatReader } from '#contract/sharing.ts'
import { useMe } from '#web/kernel/session.ts'
import { Button } from '#web/ui/button.tsx'
import { FailureNotice } from '#web/ui/notice.tsx'
import { toast } from '#web/ui/toast.ts'
import { FindPeople } from './find-people.tsx'
import { PersonLine } from './person-line.tsx'
import { endSharing, share, sharingQuery, takeBack } from './queries.ts'
import { t } from './text.ts'
import { WhatTheySee } from './what-they-see.tsx'

/** The whole of it, for the owner of the chat. */
export function ShareForm({ chat, onDone }: { chat: Chat; onDone: () => void }) {
  const query = useQuery(sharingQuery(chat.id))
  const [chosen, setChosen] = useState<readonly Member[]>([])
  const sharing = useMutation({
    mutationFn: () => share(chat, { userIds: chosen.map(({ id }) => id), quoted: query.data?.quoted.map(({ chatId }) => chatId) ?? [] }),
    onSuccess: () => {
      const [only] = chosen
      const title = chat.description
      const text = chosen.length === 1 ? t('share.done', { title, name: only!.name }) : t('share.doneMany', { title, count: chosen.length })
      toast({ text, detail: t('share.doneSeal') })
      onDone()
    },
    onError: () => query.refetch(),
  })
  if (query.error) return <FailureNotice error={query.error} onRetry={() => void query.refetch()} />
  if (!query.data) return <div className="skeleton h-40" aria-hidden="true" />
  const { people, quoted } = query.data
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault()
        if (chosen.length > 0 && !sharing.isPending) sharing.mutate()
      }}
    >
      <Readers chat={chat} people={people} />
      <FindPeople known={[...people, ...chosen].map(({ id }) => id)} onChoose={(member) => setChosen((before) => [...before, member])} />
      {chosen.length > 0 && (
        <section className="mb-4">
          <h3 className="mb-1 font-medium">{t('share.willRead')}</h3>
          <ul className="rounded-control border border-accent-line bg-accent-soft px-3 py-1">
            {chosen.map((member) => (
              <li key={member.id} className="flex">
                <PersonLine person={member}>
                  <Button look="quiet" onClick={() => setChosen((before) => before.filter(({ id }) => id !== member.id))}>
                    {t('common.remove')} <span className="sr-only">{member.name}</span>
                  </Button>
                </PersonLine>
              </li>
            ))}
          </ul>
        </section>
      )}
      <WhatTheySee chat={chat} quoted={quoted} />
      {sharing.error && <FailureNotice error={sharing.error} className="mb-4" />}
      {chosen.length > 0 && (
        <div className="sticky -bottom-5 -mx-5 -mb-5 border-t border-line bg-surface px-5 py-3">
          <Button type="submit" look="solid" icon="people" busy={sharing.isPending}>
            {t('share.act', { count: chosen.length })}
          </Button>
        </div>
      )}
    </form>
  )
}

function Readers({ chat, people }: { chat: Chat; people: readonly ChatReader[] }) {
  const { user } = useMe()
  const back = useMutation({
    mutationFn: (person: ChatReader) => takeBack(chat, person.id),
    onSuccess: (_, { name }) => toast({ text: t('share.takenBack', { name, title: chat.description }) }),
  })
  const end = useMutation({
    mutationFn: () => endSharing(chat),
    onSuccess: () => toast({ text: t('share.ended', { title: chat.description }) }),
  })
  const others = people.filter(({ role }) => role === 'viewer')
  return (
    <section className="mb-4">
      <h3 className="mb-1 font-medium">{t('share.now')}</h3>
      <ul>
        {people.map((person) => (
          <li key={person.id} className="flex">
            {person.id === user.id ? (
              <PersonLine person={person} name={t('share.you', { name: person.name })} note={t('share.ownerIs')} />
            ) : (
              <PersonLine person={person}>
                <Button look="danger" busy={back.isPending && back.variables?.id === person.id} onClick={() => back.mutate(person)}>
                  {t('share.takeBack')} <span className="sr-only">{t('share.from', { name: person.name })}</span>
                </Button>
              </PersonLine>
            )}
          </li>
        ))}
      </ul>
      {others.length > 1 && (
        <Button look="danger" className="mt-2" busy={end.isPending} onClick={() => end.mutate()}>
          {t('share.end')}
        </Button>
      )}
      {(back.error ?? end.error) && <FailureNotice error={back.error ?? end.error} className="mt-2" />}
    </section>
  )
}
