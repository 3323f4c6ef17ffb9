/** The sheet of keyboard shortcuts, made from the one table of them, by the places where they work. */
import { useState } from 'react'
import type { Preferences } from '#contract/accounts.ts'
import { shortcuts } from '#web/kernel/en/shortcuts.ts'
import { useMe } from '#web/kernel/session.ts'
import { caps, MOD, SHORTCUTS, type ShortcutId, type ShortcutPlace, setSingleKeys, singleKeysOn } from '#web/kernel/shortcuts.ts'
import { textOf } from '#web/kernel/text.ts'
import { Keys } from '#web/ui/button.tsx'
import { Dialog } from '#web/ui/dialog.tsx'

const t = textOf(shortcuts)

interface Line {
  readonly words: string
  /** Each is one way; they do the same. */
  readonly ways: readonly (readonly string[])[]
}

const PLACES = ['anywhere', 'chat', 'list', 'composer'] as const satisfies readonly ShortcutPlace[]

/** What can be done in the place; what is done by several keys is one line. */
function linesOf(place: ShortcutPlace): Line[] {
  const ids = (Object.keys(SHORTCUTS) as ShortcutId[]).filter((id) => SHORTCUTS[id].place === place)
  const byWords = Map.groupBy(ids, (id) => t(SHORTCUTS[id].label))
  return [...byWords].map(([words, same]) => ({ words, ways: same.map(caps) }))
}

function sending(sendKey: Preferences['sendKey']): Line[] {
  const withMod = [MOD, 'Enter']
  return sendKey === 'enter'
    ? [
        { words: t('shortcuts.send'), ways: [['Enter'], withMod] },
        { words: t('shortcuts.newline'), ways: [['Shift', 'Enter']] },
      ]
    : [
        { words: t('shortcuts.send'), ways: [withMod] },
        { words: t('shortcuts.newline'), ways: [['Enter']] },
      ]
}

const MOVING: readonly Line[] = [
  {
    words: t('shortcuts.move'),
    ways: [
      ['↑', '↓'],
      ['Home', 'End'],
    ],
  },
  { words: t('shortcuts.find'), ways: [['A', '…', 'Z']] },
]

/** The dialog under `?`. */
export function ShortcutsSheet({ open, onOpenChange }: { open: boolean; onOpenChange: (open: boolean) => void }) {
  const { sendKey } = useMe().user.preferences
  const further: Partial<Record<ShortcutPlace, readonly Line[]>> = { composer: sending(sendKey), list: MOVING }
  return (
    <Dialog shape="wide" title={t('shortcuts.title')} open={open} onOpenChange={onOpenChange}>
      <div className="mb-4 gap-x-8 desk:columns-2">
        {PLACES.map((place) => (
          <section key={place} className="mb-4 break-inside-avoid">
            <h3 className="text-small font-medium text-muted">{t(`shortcuts.in.${place}`)}</h3>
            <ul className="divide-y divide-line">
              {[...linesOf(place), ...(further[place] ?? [])].map((line) => (
                <SheetLine key={line.words} {...line} />
              ))}
            </ul>
          </section>
        ))}
      </div>
      <SingleKeys />
    </Dialog>
  )
}

function SheetLine({ words, ways }: Line) {
  return (
    <li className="flex items-center justify-between gap-4 py-1.5">
      {words}
      <span className="flex flex-none items-center gap-2 text-small text-muted">
        {ways.map((way, index) => (
          <span key={way.join()} className="flex items-center gap-2">
            {index > 0 && t('shortcuts.or')}
            <span className="sr-only">{way.join(' ')}</span>
            <Keys caps={way} />
          </span>
        ))}
      </span>
    </li>
  )
}

function SingleKeys() {
  const [single, setSingle] = useState(singleKeysOn)
  return (
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
  )
}
