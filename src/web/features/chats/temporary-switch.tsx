/** The switch with which a temporary chat is begun. */
import { t } from '#web/kernel/text.ts'
import { Icon } from '#web/ui/icon.tsx'

/** For how many hours a chat is there; null for one that is kept. */
export type Lasts = number | null

/** Beside the composer of a new chat. */
export function TemporarySwitch({ lasts, onChange }: { lasts: Lasts; onChange: (lasts: Lasts) => void }) {
  const on = lasts !== null
  return (
    <button
      type="button"
      role="switch"
      aria-checked={on}
      aria-label={t('temporary.switch')}
      title={t('temporary.switch')}
      onClick={() => onChange(on ? null : 24)}
      className={`inline-flex min-h-11 items-center justify-center gap-1.5 rounded-control px-2 max-desk:min-w-11 desk:min-h-[34px] hover:bg-hover ${on ? 'font-medium text-accent' : 'text-muted hover:text-ink'}`}
    >
      <Icon name="clock" />
      <span className="max-desk:hidden">{t('temporary.short')}</span>
    </button>
  )
}
