/** A chat that does not exist yet: what can be asked, and by whom it is answered. The first question begins it. */
import { useQuery } from '@tanstack/react-query'
import { useNavigate } from '@tanstack/react-router'
import { Suspense, useEffect, useState } from 'react'
import { ModelPicker } from '#web/features/models/model-picker.tsx'
import { type Model, modelsQuery } from '#web/features/models/queries.ts'
import { changePreferences } from '#web/kernel/preferences.ts'
import { explain } from '#web/kernel/problem.ts'
import { useMe } from '#web/kernel/session.ts'
import { t } from '#web/kernel/text.ts'
import { PageHead } from '#web/ui/frame.tsx'
import { Icon, Mark } from '#web/ui/icon.tsx'
import { lazyPart } from '#web/ui/lazy-part.ts'
import { loadMarkdown } from '#web/ui/markdown.tsx'
import { report } from '#web/ui/report.ts'
import { ChatSeal } from './chat-seal.tsx'
import { Composer } from './composer.tsx'
import { putInFront } from './data/drafts.ts'
import { ask, askAgain, NEW, type Place, takeBack, type Unsent, useUnsentFirst, whenBegun } from './data/outbox.ts'
import { UnsentQuestion } from './question.tsx'
import { type Lasts, TemporarySwitch } from './temporary-switch.tsx'

const TemporaryWords = lazyPart(async () => (await import('./temporary.tsx')).TemporaryWords)

const EXAMPLES = {
  admin: ['new.example1', 'new.example2', 'new.example3'],
  user: ['new.example1', 'new.exampleMember', 'new.example3'],
} as const

/** The page of a new chat. */
export function NewChatPage() {
  const { models, model, hold, failed, choose } = useModelChoice()
  const [round, setRound] = useState(0)
  const waiting = useUnsentFirst()
  const { organisation } = useMe()
  useOpenWhenSent()
  const librarian = models?.find(({ builtIn }) => builtIn)
  const isSending = waiting.some(([, { state }]) => state === 'sending')
  const [lasts, setLasts] = useState<Lasts>(null)
  const send = (text: string, by = model) => by && ask(NEW, { text, model: by.id, parentId: null, temporaryHours: lasts })
  const edit = (place: Place, { text }: Unsent) => {
    takeBack(place)
    putInFront(NEW, text)
    setRound(round + 1)
  }
  return (
    <>
      <title>{t('title.page', { page: t('nav.newChat'), organisation: organisation.name })}</title>
      <PageHead>
        <h1 className="text-message font-strong">{t('chats.untitled')}</h1>
        <ChatSeal model={model?.id ?? null} short />
      </PageHead>
      <div className="relative min-h-0 flex-1 overflow-y-auto">
        <div className="mx-auto max-w-[780px] px-4 pt-7 desk:px-5">
          {waiting.map(([place, unsent]) => (
            <UnsentQuestion
              key={place}
              unsent={unsent}
              onRetry={() => askAgain(place)}
              onEdit={() => edit(place, unsent)}
              onDiscard={() => takeBack(place)}
            />
          ))}
          {waiting.length === 0 && <Beginning model={model} librarian={librarian} onAsk={(text) => send(text, librarian)} />}
        </div>
      </div>
      <Composer
        key={round}
        place={NEW}
        onSend={(text) => send(text)}
        onStop={null}
        hold={isSending ? t('composer.holdSending') : hold}
        isHoldBrief={!isSending && !failed}
        above={
          lasts !== null && (
            <Suspense>
              <TemporaryWords hours={lasts} onChange={setLasts} />
            </Suspense>
          )
        }
        seal={
          <>
            <ChatSeal model={model?.id ?? null} />
            <TemporarySwitch lasts={lasts} onChange={setLasts} />
          </>
        }
        model={<ModelPicker models={models} chosen={model?.id ?? null} onChoose={choose} />}
      />
    </>
  )
}

interface BeginningProps {
  model: Model | undefined
  librarian: Model | undefined
  onAsk: (text: string) => void
}

/** What the model does, and what the Librarian can be asked on any server. */
function Beginning({ model, librarian, onAsk }: BeginningProps) {
  return (
    <div className="pt-[max(12px,14vh)]">
      <Mark size={28} className="mb-4" />
      <p className="mb-2 text-display font-strong text-balance">{t('new.greeting')}</p>
      <p className="mb-8 min-h-11 max-w-[60ch] text-muted">{model && leadOf(model)}</p>
      {librarian && <Examples title={model === librarian ? t('new.try') : t('new.tryLibrarian')} onAsk={onAsk} />}
    </div>
  )
}

function leadOf(model: Model): string {
  if (model.builtIn) return t('new.lead')
  return model.runsHere ? t('new.leadHere', { model: model.name }) : t('new.leadSent', { model: model.name, provider: model.provider })
}

function Examples({ title, onAsk }: { title: string; onAsk: (text: string) => void }) {
  const { role } = useMe().user
  return (
    <>
      <h2 className="mb-2 text-small font-medium text-muted">{title}</h2>
      <ul className="max-w-md divide-y divide-line rounded-panel border border-line bg-surface">
        {EXAMPLES[role].map((key) => (
          <li key={key}>
            <button
              type="button"
              onClick={() => onAsk(t(key))}
              className="flex min-h-11 w-full items-center justify-between gap-3 rounded-panel px-4 py-2 text-left hover:bg-hover"
            >
              {t(key)}
              <Icon name="right" className="text-muted" />
            </button>
          </li>
        ))}
      </ul>
    </>
  )
}

/** The model that answers: the one chosen here, else the person's preferred one, else the first there is. */
function useModelChoice() {
  const me = useMe()
  const { data: models, error } = useQuery(modelsQuery)
  const model = models?.find(({ id }) => id === me.user.preferences.model) ?? models?.[0]
  const choose = (id: string) => {
    changePreferences({ model: id }).catch((error: unknown) => report(error, t('model.notKept')))
  }
  const hold = model ? null : error ? explain(error).what : t('composer.holdModels')
  return { models, model, hold, failed: error !== null, choose }
}

function useOpenWhenSent(): void {
  const navigate = useNavigate()
  useEffect(() => {
    void loadMarkdown()
    return whenBegun(({ chat }) => void navigate({ to: '/chats/$chatId', params: { chatId: chat.id }, replace: true }))
  }, [navigate])
}
