/** Bounds of the organisation's own, each with its unit; the contract says how far they may go. */
import { z } from 'zod'
import { LoginPolicy } from '#contract/sessions.ts'
import { useApiForm } from '#web/kernel/form.ts'
import type { ApiForm } from '#web/kernel/plain-form.ts'
import { Button } from '#web/ui/button.tsx'
import { DurationField } from '#web/ui/duration-field.tsx'
import { CheckField, TextField } from '#web/ui/field.tsx'
import { FailureNotice } from '#web/ui/notice.tsx'
import { Effect } from './preset-rules.tsx'
import type { SetRules } from './rules-page.tsx'
import { t } from './text.ts'

const UNIT_S = { minutes: 60, hours: 3_600, days: 86_400 } as const
type Unit = keyof typeof UNIT_S
const UNITS = (['minutes', 'hours', 'days'] as const).map((value) => ({ value, label: t(`rules.${value}`) }))

const { shape } = LoginPolicy
/** Seconds of an amount and its unit; what is wrong with them is said of the amount, which then gets the focus. */
const span = (bounds: z.ZodType<number, number>) =>
  z.strictObject({ amount: z.string(), unit: z.enum(['minutes', 'hours', 'days']) }).transform(({ amount, unit }, context) => {
    const { data, error } = bounds.safeParse(Math.round(Number(amount) * UNIT_S[unit]) || 0)
    if (data !== undefined) return data
    context.issues.push({ code: 'custom', input: amount, path: ['amount'], message: error?.issues[0]?.message ?? t('common.empty') })
    return z.NEVER
  })

const schema = z
  .strictObject({
    idleLimitS: span(shape.idleLimitS),
    absoluteLimitS: span(shape.absoluteLimitS),
    remember: z.boolean(),
    rememberIdleLimitS: span(shape.rememberIdleLimitS),
    rememberAbsoluteLimitS: span(shape.rememberAbsoluteLimitS),
    proofGoodForS: span(shape.proofGoodForS),
    leastPasswordLength: z.string().transform(Number).pipe(shape.leastPasswordLength),
  })
  .refine((own) => own.idleLimitS <= own.absoluteLimitS, { path: ['idleLimitS', 'amount'], message: t('rules.tooLong') })
  .refine((own) => own.rememberIdleLimitS <= own.rememberAbsoluteLimitS, {
    path: ['rememberIdleLimitS', 'amount'],
    message: t('rules.tooLong'),
  })

type Form = ApiForm<z.input<typeof schema>, z.output<typeof schema>>
type Bound = Exclude<keyof z.input<typeof schema>, 'remember' | 'leastPasswordLength'>

/** The form, beginning from the rules that hold. */
export function OwnRules({ policy, onSave }: { policy: LoginPolicy; onSave: SetRules }) {
  const given: Form = useApiForm({
    schema,
    defaults: {
      idleLimitS: inUnits(policy.idleLimitS),
      absoluteLimitS: inUnits(policy.absoluteLimitS),
      remember: policy.remember,
      rememberIdleLimitS: inUnits(policy.rememberIdleLimitS),
      rememberAbsoluteLimitS: inUnits(policy.rememberAbsoluteLimitS),
      proofGoodForS: inUnits(policy.proofGoodForS),
      leastPasswordLength: String(policy.leastPasswordLength),
    },
    send: (own) => onSave({ preset: 'own', ...own }),
  })
  const { form, submit, failure, errorOf, busy } = given
  return (
    <form onSubmit={submit} noValidate>
      {failure !== null && <FailureNotice error={failure} className="mb-4" />}
      <div className="grid gap-x-4 desk:grid-cols-2">
        <BoundField given={given} name="idleLimitS" label={t('rules.idle')} />
        <BoundField given={given} name="absoluteLimitS" label={t('rules.most')} />
      </div>
      <CheckField label={t('rules.remember')} help={t('rules.rememberHelp')} {...form.register('remember')} />
      {form.watch('remember') && (
        <div className="grid gap-x-4 desk:grid-cols-2">
          <BoundField given={given} name="rememberIdleLimitS" label={t('rules.rememberIdle')} />
          <BoundField given={given} name="rememberAbsoluteLimitS" label={t('rules.rememberMost')} />
        </div>
      )}
      <BoundField given={given} name="proofGoodForS" label={t('rules.proof')} help={t('rules.proofHelp')} />
      <TextField
        label={t('rules.password')}
        help={t('rules.passwordHelp')}
        error={errorOf('leastPasswordLength')}
        type="number"
        inputMode="numeric"
        {...form.register('leastPasswordLength')}
      />
      <Effect />
      <Button type="submit" look="solid" busy={busy}>
        {t('rules.save')}
      </Button>
    </form>
  )
}

function BoundField({ given: { form, errorOf }, name, label, help }: { given: Form; name: Bound; label: string; help?: string }) {
  return (
    <DurationField
      label={label}
      help={help}
      error={errorOf(name) ?? form.formState.errors[name]?.amount?.message}
      unitLabel={t('rules.unit', { label })}
      units={UNITS}
      amount={form.register(`${name}.amount`)}
      unit={form.register(`${name}.unit`)}
    />
  )
}

/** Gives a span in the largest unit that it fills. */
function inUnits(seconds: number): { amount: string; unit: Unit } {
  const unit = (['days', 'hours'] as const).find((each) => seconds % UNIT_S[each] === 0) ?? 'minutes'
  return { amount: String(seconds / UNIT_S[unit]), unit }
}
