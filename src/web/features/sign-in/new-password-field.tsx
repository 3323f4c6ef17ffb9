/** Choosing a password: says how much is missing while typing, and claims nothing about strength that it can't know. */
import type { ComponentProps } from 'react'
import { PasswordField } from '#web/ui/field.tsx'
import { t } from './text.ts'

const SHORTEST = 12

type NewPasswordFieldProps = Omit<ComponentProps<typeof PasswordField>, 'label' | 'help' | 'value'> & { typed: string }

/** A field for a new password; `typed` is what is in it now. */
export function NewPasswordField({ typed, ...field }: NewPasswordFieldProps) {
  return <PasswordField {...field} label={t('entry.password')} help={<Progress typed={[...typed].length} />} autoComplete="new-password" />
}

function Progress({ typed }: { typed: number }) {
  const words =
    typed === 0
      ? t('entry.passwordHelp')
      : typed < SHORTEST
        ? t('entry.passwordLeft', { count: SHORTEST - typed })
        : t('entry.passwordLong')
  return (
    <>
      <span className="mb-1 block h-[3px] overflow-hidden rounded-full bg-line" aria-hidden="true">
        <span
          className="block h-full rounded-full bg-accent transition-[width]"
          style={{ width: `${Math.min(typed / SHORTEST, 1) * 100}%` }}
        />
      </span>
      {words}
    </>
  )
}
