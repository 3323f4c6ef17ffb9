/** Who can read a chat, exactly, and who receives its text. */
import { useQuery } from '@tanstack/react-query'
import { type ReactNode, Suspense } from 'react'
import type { Chat } from '#contract/chats.ts'
import { type Model, modelsQuery } from '#web/features/models/queries.ts'
import { useMe } from '#web/kernel/session.ts'
import { t } from '#web/kernel/text.ts'
import { Icon, type IconName } from '#web/ui/icon.tsx'
import { lazyPart } from '#web/ui/lazy-part.ts'
import { Popover } from '#web/ui/popover.tsx'
import { SealButton } from '#web/ui/seal.tsx'
import { opened } from './sharing/opened.ts'
import { WaitingReaders } from './sharing/waiting-readers.tsx'

const SharedReaders = lazyPart(async () => (await import('./sharing/shared-readers.tsx')).SharedReaders)

interface ChatSealProps {
  /** The chat, where there is one already. */
  chat?: Chat
  /** The model that answers next. */
  model: string | null
  /** Names of models that have answered in this chat. */
  earlier?: readonly string[]
  short?: boolean
}

/** The seal of a chat; opens the list of its readers. */
export function ChatSeal({ chat, model, earlier = [], short = false }: ChatSealProps) {
  const me = useMe()
  const models = useQuery(modelsQuery).data
  const next = models?.find(({ id }) => id === model)
  const shared = chat && chat.people > 1 ? chat : undefined
  const words = shared ? t('seal.shared', { count: shared.people }) : t('seal.onlyYou')
  const label = shared ? t('seal.sharedWho', { count: shared.people }) : t('seal.who')
  const others = earlier.filter((name) => name !== next?.name)
  return (
    <Popover
      title={t('seal.title')}
      trigger={(given) => <SealButton {...given} short={short} shared={shared !== undefined} words={words} label={label} />}
    >
      {(close) => (
        <>
          {shared ? (
            <Suspense fallback={<WaitingReaders people={shared.people} />}>
              <SharedReaders chat={shared} />
            </Suspense>
          ) : (
            <ul className="mb-2">
              <Line icon="check" head={t('seal.you', { name: me.user.name })}>
                {t(chat?.scope.kind === 'chat' ? 'seal.whyAlone' : 'seal.why')}
              </Line>
            </ul>
          )}
          {chat && !chat.owner && !chat.temporaryUntil && <Change chat={chat} onOpen={close} />}
          <ul className="space-y-3">
            <Line icon="close" head={t('seal.nobody', { organisation: me.organisation.name })}>
              {t('seal.admins')}
            </Line>
            {next && <Receiver model={next} />}
            {others.length > 0 && (
              <Line icon="model" head="">
                {t('seal.earlier', { models: others.join(', ') })}
              </Line>
            )}
          </ul>
          <p className="mt-3 border-t border-line pt-2.5 text-small text-muted">{t('seal.server')}</p>
        </>
      )}
    </Popover>
  )
}

/** For the owner the way to change who reads it. */
function Change({ chat, onOpen }: { chat: Chat; onOpen: () => void }) {
  const change = () => {
    onOpen()
    opened.set({ chat, act: 'share' })
  }
  return (
    <button
      type="button"
      className="mb-3 min-h-11 text-accent underline underline-offset-3 hover:text-accent-strong desk:min-h-0"
      onClick={change}
    >
      {t(chat.people > 1 ? 'seal.change' : 'seal.share')}
    </button>
  )
}

function Receiver({ model }: { model: Model }) {
  if (model.runsHere) {
    return (
      <Line icon="model" head={t('seal.answered', { model: model.name })}>
        {t('seal.here')}
      </Line>
    )
  }
  return (
    <Line icon="outside" head={t('seal.sent', { provider: model.provider })}>
      {t('seal.sentWhy', { model: model.name })}
    </Line>
  )
}

function Line({ icon, head, children }: { icon: IconName; head: string; children: ReactNode }) {
  return (
    <li className="flex gap-2.5">
      <Icon name={icon} className="mt-[3px] text-accent" />
      <div>
        {head && <p className="font-medium">{head}</p>}
        <p className="text-small text-muted">{children}</p>
      </div>
    </li>
  )
}
