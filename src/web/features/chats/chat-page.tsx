/** An open chat. */
import { useQuery } from '@tanstack/react-query'
import { useParams } from '@tanstack/react-router'
import { Suspense, useMemo, useRef } from 'react'
import type { Chat } from '#contract/chats.ts'
import { ModelPicker } from '#web/features/models/model-picker.tsx'
import { ApiProblem } from '#web/kernel/problem.ts'
import { t } from '#web/kernel/text.ts'
import { Button } from '#web/ui/button.tsx'
import { PageHead } from '#web/ui/frame.tsx'
import { lazyPart } from '#web/ui/lazy-part.ts'
import { loadMarkdown } from '#web/ui/markdown.tsx'
import { FailureNotice } from '#web/ui/notice.tsx'
import { chooseModel } from './chat-actions.ts'
import { ChatHead } from './chat-head.tsx'
import { ChatSeal } from './chat-seal.tsx'
import { Composer } from './composer.tsx'
import { type Branch, depthOf } from './data/branch.ts'
import { chatQuery } from './data/chat-list.ts'
import { messagesQuery } from './data/messages.ts'
import { ask, takeBack } from './data/outbox.ts'
import { textOf } from './data/parts.ts'
import { OpenChatContext } from './open-chat.ts'
import { Thread } from './thread.tsx'
import { useChatShortcuts } from './use-chat-shortcuts.ts'
import { useEditing } from './use-editing.ts'
import { stop, type ThreadState, useThread } from './use-thread.ts'

const ReadingNote = lazyPart(async () => (await import('./sharing/reading-note.tsx')).ReadingNote)
const TemporaryNote = lazyPart(async () => (await import('./temporary.tsx')).TemporaryNote)
const NoSuchChat = lazyPart(async () => (await import('./no-such-chat.tsx')).NoSuchChat)

/** Shown when what renders its answers has arrived, so that none of them changes its height. */
const OpenChat = lazyPart(async () => {
  await loadMarkdown()
  return ThreadOfChat
})

/** The page of a chat: its thread, or why it can't be shown. */
export function ChatPage() {
  const { chatId } = useParams({ from: '/workspace/chats/$chatId' })
  const chat = useQuery(chatQuery(chatId))
  const messages = useQuery(messagesQuery(chatId))
  const error = chat.error ?? messages.error
  const before = useRef<{ id: string; name: string }>(undefined)
  if (chat.data?.owner) before.current = { id: chatId, name: chat.data.owner.name }
  if (chat.data && messages.data) {
    return (
      <Suspense fallback={<ThreadSkeleton />}>
        <OpenChat key={chatId} chat={chat.data} branch={messages.data} />
      </Suspense>
    )
  }
  if (error instanceof ApiProblem && (error.problem.status === 404 || error.problem.status === 400)) {
    return (
      <Suspense fallback={<ThreadSkeleton />}>
        <NoSuchChat key={chatId} chatId={chatId} sharer={before.current?.id === chatId ? before.current.name : undefined} />
      </Suspense>
    )
  }
  if (error) {
    return (
      <>
        <PageHead>
          <h1 className="truncate font-strong">{chat.data?.description}</h1>
        </PageHead>
        <FailureNotice
          error={error}
          onRetry={() => void Promise.all([chat.refetch(), messages.refetch()])}
          className="mx-4 my-4 w-auto max-w-[740px] desk:mx-auto desk:w-full"
        />
      </>
    )
  }
  return <ThreadSkeleton />
}

function ThreadOfChat({ chat, branch }: { chat: Chat; branch: Branch }) {
  const thread = useThread(chat.id, branch, chat.model)
  const { editing, place, composerKey, begin, end, putBack } = useEditing(chat.id)
  const earlier = useMemo(() => [...new Set(thread.messages.flatMap(({ modelName }) => modelName ?? []))], [thread.messages])
  const editLast = useChatShortcuts(chat, thread, (question) => begin(textOf(question), question.parentId))
  const send = (text: string) => {
    ask(chat.id, { text, model: chat.model, parentId: editing ? editing.parentId : branch.leafId })
    if (editing) end()
  }
  const editUnsent = () => {
    const { unsent } = thread
    takeBack(chat.id)
    if (!unsent) return
    if (editing || unsent.parentId === branch.leafId) putBack(unsent.text)
    else begin(unsent.text, unsent.parentId)
  }
  return (
    <OpenChatContext value={chat}>
      <ChatHead chat={chat} earlier={earlier} />
      {chat.temporaryUntil && (
        <Suspense>
          <TemporaryNote chat={chat} ends={chat.temporaryUntil} />
        </Suspense>
      )}
      <Thread
        chat={chat}
        thread={thread}
        edited={editing && editedDepth(branch, editing.parentId)}
        onEdit={(question) => begin(textOf(question), question.parentId)}
        onEditUnsent={editUnsent}
        onDiscardUnsent={() => takeBack(chat.id)}
      />
      {chat.mayWrite ? (
        <Composer
          key={composerKey}
          place={place}
          onSend={send}
          onEditAbove={editLast}
          onStop={thread.writing && (() => thread.writing && void stop(thread.writing))}
          hold={holdOf(thread)}
          above={editing && <EditingNote onCancel={end} />}
          seal={<ChatSeal chat={chat} model={chat.model} earlier={earlier} />}
          model={<ModelPicker models={thread.models} chosen={chat.model} onChoose={(model) => void chooseModel(chat, model)} />}
        />
      ) : (
        <Suspense>
          <ReadingNote chat={chat} earlier={earlier} />
        </Suspense>
      )}
    </OpenChatContext>
  )
}

/** How deep the question lies that is being asked differently. */
function editedDepth(branch: Branch, parentId: string | null): number | null {
  const parent = parentId === null ? -1 : depthOf(branch, parentId)
  return parent === undefined ? null : parent + 1
}

/** Why no question can be sent in this thread just now. */
function holdOf({ unsent, writing }: ThreadState): string | null {
  if (unsent?.state === 'sending') return t('composer.holdSending')
  if (unsent) return unsent.waits ? t('composer.holdWaits') : t('composer.holdUnsent')
  return writing ? t('composer.holdWriting') : null
}

function EditingNote({ onCancel }: { onCancel: () => void }) {
  return (
    <p className="-mt-1 mb-2 flex items-center justify-between gap-3 text-small text-muted">
      {t('message.editing')}
      <Button look="quiet" onClick={onCancel}>
        {t('common.cancel')}
      </Button>
    </p>
  )
}

function ThreadSkeleton() {
  return (
    <>
      <PageHead>
        <div className="skeleton h-4 w-48" aria-hidden="true" />
      </PageHead>
      <div className="min-h-0 flex-1" role="status" aria-label={t('common.loading')}>
        <div className="mx-auto max-w-[780px] px-4 pt-7 desk:px-5">
          <div className="skeleton mb-7 h-[52px] rounded-panel" />
          {[92, 85, 64].map((percent) => (
            <div key={percent} className="skeleton mb-3 h-4" style={{ width: `${percent}%` }} />
          ))}
        </div>
      </div>
      <div className="flex-none px-2.5 pb-2.5 desk:px-5 desk:pb-[18px]">
        <div className="mx-auto h-[91px] max-w-[740px] rounded-panel border border-line bg-surface" />
      </div>
    </>
  )
}
