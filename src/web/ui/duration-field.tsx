/** A span of time: a number and its unit, under one label. */
import type { ComponentProps } from 'react'
import { type FieldFrame, Frame, INPUT } from './field.tsx'
import { Icon } from './icon.tsx'

interface DurationFieldProps extends FieldFrame {
  amount: ComponentProps<'input'>
  unit: ComponentProps<'select'>
  /** Names the unit to those who don't see it beside its number. */
  unitLabel: string
  units: readonly { value: string; label: string }[]
}

/** The two controls, side by side. */
export function DurationField({ label, help, error, amount, unit, unitLabel, units }: DurationFieldProps) {
  return (
    <Frame label={label} help={help} error={error}>
      {(tied) => (
        <div className="flex max-w-[18rem] gap-2">
          <input type="number" inputMode="numeric" min={1} step="any" {...amount} {...tied} className={`${INPUT} w-24! flex-none`} />
          <div className="relative flex-1">
            <select {...unit} aria-label={unitLabel} className={`${INPUT} appearance-none pr-9`}>
              {units.map(({ value, label: words }) => (
                <option key={value} value={value}>
                  {words}
                </option>
              ))}
            </select>
            <Icon name="down" className="pointer-events-none absolute top-1/2 right-3 -translate-y-1/2 text-muted" />
          </div>
        </div>
      )}
    </Frame>
  )
}
