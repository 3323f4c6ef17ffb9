/** The sheet of keyboard shortcuts, made from the one table of them. */
import { useState } from 'react'
import type { Preferences } from '#contract/accounts.ts'
import { useMe } from '#web/kernel/session.ts'
import { caps, MOD, SHORTCUTS, type ShortcutId, setSingleKeys, singleKeysOn } from '#web/kernel/shortcuts.ts'
import { t } from '#web/kernel/text.ts'
import { Keys } from '#web/ui/button.tsx'
import { Dialog } from '#web/ui/dialog.tsx'

const ROWS: readonly { words: string; keys: readonly (readonly string[])[] }[] = [
  ...(['newChat', 'sidebar'] as const).map(row),
  { words: t(SHORTCUTS.composer.label), keys: [caps('composer'), caps('back')] },
  row('sheet'),
]

function sending(sendKey: Preferences['sendKey']) {
  const withMod = [MOD, 'Enter']
  return sendKey === 'enter'
    ? [
        { words: t('shortcuts.send'), keys: [['Enter'], withMod] },
        { words: t('shortcuts.newline'), keys: [['Shift', 'Enter']] },
      ]
    : [
        { words: t('shortcuts.send'), keys: [withMod] },
        { words: t('shortcuts.newline'), keys: [['Enter']] },
      ]
}

function row(id: ShortcutId) {
  return { words: t(SHORTCUTS[id].label), keys: [caps(id)] }
}

/** The dialog under `?`. */
export function ShortcutsSheet({ open, onOpenChange }: { open: boolean; onOpenChange: (open: boolean) => void }) {
  const [single, setSingle] = useState(singleKeysOn)
  const { sendKey } = useMe().user.preferences
  return (
    <Dialog title={t('shortcuts.title')} open={open} onOpenChange={onOpenChange}>
      <ul className="mb-4 divide-y divide-line">
        {[...ROWS, ...sending(sendKey)].map(({ words, keys }) => (
          <li key={words} className="flex items-center justify-between gap-4 py-2">
            {words}
            <span className="flex items-center gap-2 text-small text-muted">
              {keys.map((each, index) => (
                <span key={each.join()} className="flex items-center gap-2">
                  {index > 0 && t('shortcuts.or')}
                  <span className="sr-only">{each.join(' ')}</span>
                  <Keys caps={each} />
                </span>
              ))}
            </span>
          </li>
        ))}
      </ul>
      <label className="flex items-start gap-3">
        <input
          type="checkbox"
          checked={single}
          onChange={({ target }) => {
            setSingleKeys(target.checked)
            setSingle(target.checked)
          }}
          className="mt-1 size-4 accent-accent"
        />
        <span>
          {t('shortcuts.single')}
          <span className="block text-small text-muted">{t('shortcuts.singleHelp')}</span>
        </span>
      </label>
    </Dialog>
  )
}
