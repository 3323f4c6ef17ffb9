/** Finding a chat: looks wherever one that its reader may read can be, offers what brings it back, and says where else it may be. */
import { useQuery } from '@tanstack/react-query'
import { Link, useNavigate, useSearch } from '@tanstack/react-router'
import { type FormEvent, useState } from 'react'
import type { Chat } from '#contract/chats.ts'
import { leave } from '#web/features/chats/data/leave.ts'
import { changeChats } from '#web/features/chats/data/many.ts'
import { hasKeyboard } from '#web/kernel/media.ts'
import { useMe } from '#web/kernel/session.ts'
import { sayTime } from '#web/kernel/time.ts'
import { Button } from '#web/ui/button.tsx'
import { TextField } from '#web/ui/field.tsx'
import { Panel, PanelSkeleton, ReadingPage } from '#web/ui/frame.tsx'
import { FailureNotice } from '#web/ui/notice.tsx'
import { report } from '#web/ui/report.ts'
import { findQuery } from './queries.ts'
import { t } from './text.ts'

/** The page `/find-chat`. */
export function FindChatPage() {
  const search = useSearch({ from: '/workspace/find-chat' })
  const navigate = useNavigate()
  const [words, setWords] = useState(search.words ?? '')
  const found = useQuery(findQuery(search))
  const look = (event: FormEvent) => {
    event.preventDefault()
    void navigate({ to: '/find-chat', search: words.trim() === '' ? {} : { words: words.trim() }, replace: true })
  }
  return (
    <ReadingPage title={t('find.title')} lead={t('find.lead')}>
      <title>{t('find.title')}</title>
      <form onSubmit={look} className="mb-5 flex flex-wrap items-start gap-x-2">
        <div className="min-w-0 flex-[1_1_10rem]">
          <TextField
            label={t('find.words')}
            help={t('find.help')}
            value={words}
            autoFocus={hasKeyboard()}
            maxLength={200}
            onChange={(event) => setWords(event.target.value)}
          />
        </div>
        <Button type="submit" look="solid" className="mt-[26px] desk:min-h-[38px]">
          {t('find.look')}
        </Button>
      </form>
      {found.isFetching && !found.data && <PanelSkeleton rows={2} />}
      {found.error && <FailureNotice error={found.error} onRetry={found.refetch} className="mb-6" />}
      {found.data && <Results chats={found.data.items} isCut={found.data.more} byAddress={search.words === undefined} />}
      <Elsewhere />
    </ReadingPage>
  )
}

function Results({ chats, isCut, byAddress }: { chats: readonly Chat[]; isCut: boolean; byAddress: boolean }) {
  if (chats.length === 0) {
    return (
      <p role="status" className="mb-8">
        {t(byAddress ? 'find.byAddress' : 'find.none')}
      </p>
    )
  }
  return (
    <section className="mb-8">
      <h2 className="mb-2 font-strong">
        <span role="status">{t(isCut ? 'find.more' : 'find.results', { count: chats.length })}</span>
      </h2>
      <Panel>
        <ul className="divide-y divide-line">
          {chats.map((chat) => (
            <li key={chat.id} className="relative flex flex-wrap items-center gap-x-3 gap-y-2 py-2.5 pr-3 pl-4 has-[a:hover]:bg-hover">
              <div className="min-w-0 flex-[1_1_14rem]">
                <p className="truncate font-medium">{chat.deletedAt ? chat.description : <Opening chat={chat} />}</p>
                <p className="text-small text-muted">
                  {placeOf(chat)} · {sayTime(chat.timeUpdated)}
                </p>
              </div>
              <BringBack chat={chat} />
            </li>
          ))}
        </ul>
      </Panel>
    </section>
  )
}

/** The title, by which the whole row opens the chat. */
function Opening({ chat }: { chat: Chat }) {
  return (
    <Link to="/chats/$chatId" params={{ chatId: chat.id }} className="before:absolute before:inset-0">
      {chat.description}
    </Link>
  )
}

function placeOf({ owner, deletedAt, archived, pinned }: Chat): string {
  if (owner) return t('find.shared', { name: owner.name })
  if (deletedAt) return t('find.inTrash')
  if (archived) return t('find.inArchive')
  return t(pinned ? 'find.pinned' : 'find.inList')
}

function BringBack({ chat }: { chat: Chat }) {
  if (chat.deletedAt) return <Button onClick={() => void changeChats('restore', [chat])}>{t('trash.restore')}</Button>
  if (!chat.archived) return null
  return (
    <Button className="relative" onClick={() => void changeChats('unarchive', [chat])}>
      {t('archive.back')}
    </Button>
  )
}

/** What cannot be looked up, and why. It is the same for everybody, and says nothing of what others have. */
function Elsewhere() {
  const me = useMe()
  const { user, organisation } = me
  return (
    <section>
      <h2 className="mb-2 font-strong">{t('find.elsewhere')}</h2>
      <dl className="max-w-[68ch] space-y-3 text-muted [&_dt]:font-medium [&_dt]:text-ink">
        <div>
          <dt>{t('find.account')}</dt>
          <dd>{t('find.accountWhy', { email: user.email, organisation: organisation.name })}</dd>
          <dd className="mt-2">
            <Button icon="out" onClick={() => void leave(me).catch(report)}>
              {t('find.signOut')}
            </Button>
          </dd>
        </div>
        <div>
          <dt>{t('find.temporary')}</dt>
          <dd>{t('find.temporaryWhy')}</dd>
        </div>
        <div>
          <dt>{t('find.erased')}</dt>
          <dd>{t('find.erasedWhy')}</dd>
        </div>
        <div>
          <dt>{t('find.notShared')}</dt>
          <dd>{t('find.notSharedWhy')}</dd>
        </div>
      </dl>
    </section>
  )
}
