/** Asks whether somebody is still there, before a login ends because nobody is. */
import { useEffect, useState } from 'react'
import { useCell } from '#web/kernel/cell.ts'
import { useConnection } from '#web/kernel/connection.ts'
import { Button } from '#web/ui/button.tsx'
import { Dialog } from '#web/ui/dialog.tsx'
import { t } from './text.ts'
import { extend, watched } from './watch.ts'

const TICK_MS = 250

/** The dialog; open while there is need to ask. */
export function IdleWarning() {
  const untilMs = useCell(watched, (known) => known?.plan.warnUntilMs ?? null)
  return untilMs === null ? null : <Question untilMs={untilMs} />
}

function Question({ untilMs }: { untilMs: number }) {
  const leftS = useSecondsLeft(untilMs)
  const isOver = useConnection() !== 'reached' && leftS === 0
  useTitle(t('idle.title'))
  if (isOver) return <Over />
  return (
    <Dialog shape="alert" title={t('idle.title')} description={t('idle.lead', { left: sayRoughly(leftS) })} open onOpenChange={extend}>
      <p className="mb-5 tabular-nums" aria-hidden="true">
        {t('idle.lead', { left: sayExactly(leftS) })}
      </p>
      <div className="flex flex-wrap items-center gap-x-4 gap-y-2">
        <Button look="solid" onClick={extend}>
          {t('idle.stay')}
        </Button>
        <span className="text-small text-muted max-desk:hidden">{t('idle.how')}</span>
      </div>
    </Dialog>
  )
}

/** Nothing can be done any more, but the server is out of reach and has not said so. */
function Over() {
  return (
    <Dialog shape="alert" title={t('idle.overTitle')} open onOpenChange={extend}>
      <p>{t('idle.over')}</p>
    </Dialog>
  )
}

function useSecondsLeft(untilMs: number): number {
  const [nowMs, setNowMs] = useState(Date.now)
  useEffect(() => {
    const timer = setInterval(() => setNowMs(Date.now()), TICK_MS)
    return () => clearInterval(timer)
  }, [])
  return Math.max(Math.ceil((untilMs - nowMs) / 1_000), 0)
}

/** The title of the tab asks as well: the page may be behind another. */
function useTitle(title: string): void {
  useEffect(() => {
    const before = document.title
    document.title = title
    return () => {
      document.title = before
    }
  }, [title])
}

function sayExactly(seconds: number): string {
  return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, '0')}`
}

/** What screen readers say when they are asked: it changes once a minute, and is not announced when it does. */
function sayRoughly(seconds: number): string {
  const minutes = Math.round(seconds / 60)
  return minutes > 0 ? t('idle.minutes', { count: minutes }) : t('idle.moments')
}
