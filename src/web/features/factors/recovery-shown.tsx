/** New recovery codes, in the only moment in which they are known. They stay until the person says that they have them. */
import { useEffect, useId, useRef } from 'react'
import { useMe } from '#web/kernel/session.ts'
import { Button } from '#web/ui/button.tsx'
import { CopyButton } from '#web/ui/copy-button.tsx'
import { t } from './text.ts'

/** The codes, and ways to keep them. */
export function RecoveryShown({ codes, onDone }: { codes: readonly string[]; onDone: () => void }) {
  const { user, organisation } = useMe()
  const id = useId()
  const title = useRef<HTMLHeadingElement>(null)
  useEffect(() => title.current?.focus(), [])
  const text = () => `${t('recovery.fileHead', { email: user.email, organisation: organisation.name })}\n\n${codes.join('\n')}\n`
  return (
    <section aria-labelledby={id} className="mb-8 rounded-panel border border-l-3 border-line border-l-accent bg-surface p-5">
      <h3 ref={title} id={id} tabIndex={-1} className="mb-1 font-strong outline-none">
        {t('recovery.shownTitle')}
      </h3>
      <p className="mb-3 max-w-[64ch] text-pretty text-muted">{t('recovery.shownLead')}</p>
      <ul
        aria-label={t('recovery.codes')}
        className="mb-4 grid gap-x-6 gap-y-1 rounded-control bg-sunken px-4 py-3 font-mono text-small tabular-nums grid-cols-[repeat(auto-fill,minmax(min(16rem,100%),1fr))]"
      >
        {codes.map((code) => (
          <li key={code} className="select-all">
            {code}
          </li>
        ))}
      </ul>
      <div className="flex flex-wrap gap-2">
        <CopyButton label={t('recovery.copy')} text={text} />
        <Button icon="toBottom" onClick={() => save(text())}>
          {t('recovery.download')}
        </Button>
        <Button onClick={onDone}>{t('recovery.stored')}</Button>
      </div>
    </section>
  )
}

function save(text: string): void {
  const link = document.createElement('a')
  link.href = URL.createObjectURL(new Blob([text], { type: 'text/plain' }))
  link.download = 'sardonyx-recovery-codes.txt'
  link.click()
  URL.revokeObjectURL(link.href)
}
