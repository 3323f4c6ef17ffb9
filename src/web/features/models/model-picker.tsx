/** Choosing the model that answers; each says who receives the text. */
import { t } from '#web/kernel/text.ts'
import { Icon } from '#web/ui/icon.tsx'
import { MenuButton } from '#web/ui/menu.tsx'
import type { Model } from './queries.ts'

/** Says in a few words where the text goes that the model is asked. */
export function whereTextGoes(model: Pick<Model, 'runsHere' | 'provider'>): string {
  return model.runsHere ? t('model.runsHere') : t('model.sentTo', { provider: model.provider })
}

interface ModelPickerProps {
  models: readonly Model[] | undefined
  chosen: string | null
  onChoose: (id: string) => void
}

/** A button with the name of the model, which opens the list of all. */
export function ModelPicker({ models, chosen, onChoose }: ModelPickerProps) {
  const model = models?.find(({ id }) => id === chosen)
  const name = model?.name ?? (models === undefined ? '' : models.length === 0 ? t('model.none') : t('model.unknown'))
  const options = (models ?? []).map((each) => ({ value: each.id, label: each.name, note: whereTextGoes(each) }))
  return (
    // Another button than the one that stood here without a name: it need not grow, and so nothing moves.
    <MenuButton
      key={models ? 'named' : 'awaited'}
      label={t('model.pickNamed', { name })}
      align="end"
      disabled={!models}
      className="flex min-h-11 min-w-0 items-center gap-1.5 rounded-control px-2 text-muted hover:bg-hover hover:text-ink desk:min-h-[34px]"
      entries={[{ kind: 'choice', label: t('model.pick'), value: chosen ?? '', options, onChange: onChoose }]}
    >
      <span className="truncate">{name}</span>
      <Icon name="down" size={14} />
    </MenuButton>
  )
}
