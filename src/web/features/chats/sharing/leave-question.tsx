/** Leaving a chat that somebody shares, which only they can take back. */
import { useMutation } from '@tanstack/react-query'
import { useNavigate, useRouter } from '@tanstack/react-router'
import type { Chat } from '#contract/chats.ts'
import { call } from '#web/kernel/api.ts'
import { useMe } from '#web/kernel/session.ts'
import { Confirm } from '#web/ui/confirm.tsx'
import { toast } from '#web/ui/toast.ts'
import { dropChat } from '../data/chat-list.ts'
import { t } from './text.ts'

/** Asks first. */
export function LeaveQuestion({ chat, onDone }: { chat: Chat; onDone: () => void }) {
  const { user } = useMe()
  const navigate = useNavigate()
  const router = useRouter()
  const leaving = useMutation({
    mutationFn: () => call('sharing.remove', { params: { chatId: chat.id, userId: user.id } }),
    onSuccess: async () => {
      onDone()
      if (router.state.location.pathname === `/chats/${chat.id}`) await navigate({ to: '/' })
      dropChat(chat.id)
      toast({ text: t('leave.done', { title: chat.description }) })
    },
  })
  return (
    <Confirm
      title={t('leave.title', { title: chat.description })}
      act={t('leave.act')}
      onAct={() => leaving.mutate()}
      busy={leaving.isPending}
      error={leaving.error}
      open
      onClose={onDone}
    >
      <p>{t('leave.text', { name: chat.owner?.name ?? '' })}</p>
    </Confirm>
  )
}
