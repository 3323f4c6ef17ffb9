/** What stands above a temporary chat, and above the question that begins one: until when it is there, what that means, and the way to keep it. */
import { useRouter } from '@tanstack/react-router'
import { useEffect, useState } from 'react'
import type { Chat } from '#contract/chats.ts'
import { call } from '#web/kernel/api.ts'
import { queryClient } from '#web/kernel/session.ts'
import { sayTime } from '#web/kernel/time.ts'
import { Button } from '#web/ui/button.tsx'
import { Icon } from '#web/ui/icon.tsx'
import { MenuButton } from '#web/ui/menu.tsx'
import { report } from '#web/ui/report.ts'
import { toast } from '#web/ui/toast.ts'
import { t } from './care-text.ts'
import { chatQuery, putChat } from './data/chat-list.ts'
import { messagesQuery } from './data/messages.ts'
import type { Lasts } from './temporary-switch.tsx'

const HOUR_MS = 3_600_000
const LASTS = [1, 24, 168] as const

/** Above the text of a question that begins a temporary chat: what that means. */
export function TemporaryWords({ hours, onChange }: { hours: number; onChange: (lasts: Lasts) => void }) {
  const ends = new Date(Date.now() + hours * HOUR_MS).toISOString()
  const options = LASTS.map((each) => ({ value: String(each), label: t(`temporary.for${each}`) }))
  return (
    <div className="-mt-1 mb-2.5 flex items-start gap-2.5 border-b border-line pb-2.5 text-small text-muted">
      <Icon name="clock" className="mt-0.5 text-accent" />
      <p className="flex-1">
        <strong className="font-medium text-ink">{t('temporary.until', { time: sayTime(ends) })}</strong> {t('temporary.words')}
      </p>
      <MenuButton
        label={t('temporary.howLong')}
        align="end"
        says
        className="inline-flex min-h-11 flex-none items-center gap-1 rounded-control px-2 hover:bg-hover hover:text-ink desk:-mt-1 desk:min-h-7"
        entries={[
          { kind: 'choice', label: t('temporary.howLong'), value: String(hours), options, onChange: (value) => onChange(Number(value)) },
        ]}
      >
        {t(`temporary.for${hours as (typeof LASTS)[number]}`)}
        <Icon name="down" size={14} />
      </MenuButton>
    </div>
  )
}

/** Above the messages of a temporary chat. When its time is up the page lets go of it. */
export function TemporaryNote({ chat, ends }: { chat: Chat; ends: string }) {
  const [busy, setBusy] = useState(false)
  useWordOnLeaving(chat.id)
  useEffect(() => {
    const end = () => {
      void queryClient.resetQueries({ queryKey: messagesQuery(chat.id).queryKey })
      void queryClient.resetQueries({ queryKey: chatQuery(chat.id).queryKey })
    }
    const left = Date.parse(ends) - Date.now()
    // Timers beyond this fire at once.
    const timer = setTimeout(end, Math.min(Math.max(left, 0) + 500, 2 ** 31 - 1))
    return () => clearTimeout(timer)
  }, [chat.id, ends])
  const keep = async () => {
    setBusy(true)
    try {
      putChat(await call('chats.keep', { params: { chatId: chat.id } }))
      toast({ text: t('temporary.kept'), detail: t('temporary.keptDetail') })
    } catch (error) {
      report(error)
    } finally {
      setBusy(false)
    }
  }
  return (
    <div className="flex flex-none flex-wrap items-center gap-x-3 gap-y-1 border-b border-line bg-sunken px-4 py-1.5 text-small desk:px-5">
      <Icon name="clock" className="text-accent" />
      <p className="min-w-0 flex-[1_1_16rem]">
        <strong className="font-medium">{t('temporary.until', { time: sayTime(ends) })}</strong>{' '}
        <span className="text-muted">{t('temporary.words')}</span>
      </p>
      <Button busy={busy} onClick={() => void keep()} className="text-base">
        {t('temporary.keep')}
      </Button>
    </div>
  )
}

/** Whoever goes elsewhere is told that only its address leads back, and offered that. */
function useWordOnLeaving(chatId: string): void {
  const router = useRouter()
  useEffect(
    () => () => {
      const chat = queryClient.getQueryData(chatQuery(chatId).queryKey)
      const { pathname } = router.state.location
      if (!chat?.temporaryUntil || pathname === `/chats/${chatId}` || pathname.startsWith('/sign-in')) return
      const back = () => void router.navigate({ to: '/chats/$chatId', params: { chatId } })
      toast({ text: t('temporary.left'), detail: t('temporary.leftDetail'), action: { label: t('temporary.back'), run: back } })
    },
    [router, chatId],
  )
}
