/** Choosing a password: says while one types how much is missing, and why it is too easy to guess, as the server would. */
import { type ComponentProps, useDeferredValue, useEffect, useState } from 'react'
import { lengthOf, ownWords, whyGuessable } from '#contract/password-rules.ts'
import { PasswordField } from '#web/ui/field.tsx'
import { t } from './text.ts'

interface NewPasswordFieldProps extends Omit<ComponentProps<typeof PasswordField>, 'label' | 'help' | 'value'> {
  /** What is in it now. */
  typed: string
  /** How many characters it needs; undefined while that is not known. */
  least: number | undefined
  /** Names and addresses that are no secret: the person's and the organisation's. */
  own: readonly string[]
  label?: string
}

/** What a new password is held to before it is sent; the server says the rest. */
export const longEnough = (least: number | undefined) => ({
  required: t('common.empty'),
  validate: (typed: string) => least === undefined || lengthOf(typed) >= least || t('entry.passwordShort', { count: least }),
})

/** A field for a new password. */
export function NewPasswordField({ typed, least, own, label, ...field }: NewPasswordFieldProps) {
  const judged = useDeferredValue(typed)
  const help = least === undefined ? null : <Progress typed={judged} least={least} own={own} />
  return <PasswordField {...field} label={label ?? t('entry.password')} help={help} autoComplete="new-password" />
}

function Progress({ typed, least, own }: { typed: string; least: number; own: readonly string[] }) {
  const estimate = useEstimate(typed !== '')
  const length = lengthOf(typed)
  const isLong = length >= least
  const weakness = isLong && estimate ? whyGuessable(typed, ownWords(own), estimate) : undefined
  const color = weakness === undefined ? 'bg-accent' : 'bg-warn'
  return (
    <>
      <span className="mb-1 block h-[3px] overflow-hidden rounded-full bg-line" aria-hidden="true">
        <span
          className={`block h-full rounded-full transition-[width] ${color}`}
          style={{ width: `${Math.min(length / least, 1) * 100}%` }}
        />
      </span>
      <span aria-live="polite">{words()}</span>
    </>
  )
  function words(): string {
    if (length === 0) return t('entry.passwordHelp', { count: least })
    if (!isLong) return t('entry.passwordLeft', { count: least - length })
    if (weakness !== undefined) return `${weakness} ${t('entry.passwordWeak')}`
    return estimate ? t('entry.passwordGood') : t('entry.passwordLong')
  }
}

type Estimate = Parameters<typeof whyGuessable>[2]

/** The estimate, fetched once it is needed. Without it, as when the network is away, the server says what is wrong. */
function useEstimate(needed: boolean): Estimate | undefined {
  const [estimate, setEstimate] = useState<Estimate>()
  useEffect(() => {
    let isHere = true
    if (!needed || estimate) return
    import('./strength.ts')
      .then(({ loadEstimate }) => loadEstimate())
      .then(
        (loaded) => isHere && setEstimate(() => loaded),
        () => undefined,
      )
    return () => {
      isHere = false
    }
  }, [needed, estimate])
  return estimate
}
