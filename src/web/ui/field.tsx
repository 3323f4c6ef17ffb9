/** Form fields: a label above, help or the error below, tied together for screen readers. */
import { type ComponentProps, type ReactNode, useId, useState } from 'react'
import { t } from '../kernel/text.ts'
import { classes } from './class-names.ts'
import { Icon } from './icon.tsx'

/** How everything that is typed into looks. */
export const INPUT =
  'block w-full min-h-11 desk:min-h-[38px] rounded-control border border-control bg-surface px-3 py-1.5 text-message desk:text-base ' +
  'focus-visible:border-accent focus-visible:outline-1 focus-visible:outline-offset-0 aria-invalid:border-danger [&[readonly]]:bg-sunken'

export interface FieldFrame {
  label: string
  help?: ReactNode
  error?: string | undefined
}

type Tied = { id: string; 'aria-describedby': string | undefined; 'aria-invalid': true | undefined }

/** Ties a control to its label, and to what is said of it. */
export function Frame({ label, help, error, children }: FieldFrame & { children: (tied: Tied) => ReactNode }) {
  const id = useId()
  const note = error ? sentence(label, error) : help
  return (
    <div className="mb-4">
      <label htmlFor={id} className="mb-1 block font-medium">
        {label}
      </label>
      {children({ id, 'aria-describedby': note ? `${id}-note` : undefined, 'aria-invalid': error ? true : undefined })}
      {note && (
        <Note id={`${id}-note`} isError={Boolean(error)}>
          {note}
        </Note>
      )}
    </div>
  )
}

function Note({ id, isError, children }: { id: string; isError: boolean; children: ReactNode }) {
  return (
    <div id={id} className={classes('mt-1 flex gap-1.5 text-small', isError ? 'text-danger' : 'text-muted')}>
      {isError && <Icon name="warn" size={14} className="mt-[3px]" />}
      <span className="min-w-0 flex-1">{children}</span>
    </div>
  )
}

/** The contract says what is wrong as “must …”; with the label before it that is a sentence. */
function sentence(label: string, error: string): string {
  return /^must /.test(error) ? `${label} ${error}.` : error
}

/** One line of text. */
export function TextField({ label, help, error, ...input }: FieldFrame & ComponentProps<'input'>) {
  return (
    <Frame label={label} help={help} error={error}>
      {(tied) => <input type="text" {...input} {...tied} className={classes(INPUT, input.className)} />}
    </Frame>
  )
}

/** Several lines of text. */
export function TextArea({ label, help, error, ...input }: FieldFrame & ComponentProps<'textarea'>) {
  return (
    <Frame label={label} help={help} error={error}>
      {(tied) => <textarea rows={4} {...input} {...tied} className={classes(INPUT, input.className)} />}
    </Frame>
  )
}

interface SelectFieldProps extends FieldFrame, ComponentProps<'select'> {
  options: readonly { value: string; label: string }[]
}

/** One of several words. */
export function SelectField({ label, help, error, options, ...select }: SelectFieldProps) {
  return (
    <Frame label={label} help={help} error={error}>
      {(tied) => (
        <div className="relative">
          <select {...select} {...tied} className={classes(INPUT, 'appearance-none pr-9')}>
            {options.map((option) => (
              <option key={option.value} value={option.value}>
                {option.label}
              </option>
            ))}
          </select>
          <Icon name="down" className="pointer-events-none absolute top-1/2 right-3 -translate-y-1/2 text-muted" />
        </div>
      )}
    </Frame>
  )
}

interface PasswordFieldProps extends FieldFrame, ComponentProps<'input'> {
  showLabel?: string
  hideLabel?: string
}

/** A password, or another secret, that can be shown; pasting and password managers work. */
export function PasswordField({ label, help, error, showLabel, hideLabel, ...input }: PasswordFieldProps) {
  const show = showLabel ?? t('common.showPassword')
  const hide = hideLabel ?? t('common.hidePassword')
  const [shown, setShown] = useState(false)
  return (
    <Frame label={label} help={help} error={error}>
      {(tied) => (
        <div className="relative">
          <input
            {...input}
            {...tied}
            type={shown ? 'text' : 'password'}
            spellCheck={false}
            autoCapitalize="off"
            className={classes(INPUT, 'pr-12')}
          />
          <button
            type="button"
            onClick={() => setShown(!shown)}
            aria-pressed={shown}
            aria-label={show}
            title={shown ? hide : show}
            className="absolute inset-y-0 right-0 grid w-11 place-items-center rounded-control text-muted hover:text-ink focus-visible:-outline-offset-2"
          >
            <Icon name={shown ? 'eyeOff' : 'eye'} />
          </button>
        </div>
      )}
    </Frame>
  )
}

/** Yes or no. */
export function CheckField({ label, help, ...input }: { label: string; help?: string } & ComponentProps<'input'>) {
  return (
    <label className="mb-4 flex cursor-pointer items-start gap-3">
      <input type="checkbox" {...input} className="mt-1 size-4 flex-none accent-accent" />
      <span>
        {label}
        {help && <span className="block text-small text-muted">{help}</span>}
      </span>
    </label>
  )
}

interface ChoiceProps extends ComponentProps<'input'> {
  legend: string
  options: readonly { value: string; label: string; help: ReactNode }[]
}

/** One of a few, each with a sentence; a `value` that is given is the one chosen. */
export function ChoiceField(props: ChoiceProps) {
  return <Options {...props} type="radio" />
}

/** Any of a few, each with a sentence. */
export function ChecksField(props: ChoiceProps & { error?: string | undefined }) {
  return <Options {...props} type="checkbox" />
}

function Options({ legend, options, error, value, ...input }: ChoiceProps & { type: 'radio' | 'checkbox'; error?: string | undefined }) {
  const id = useId()
  return (
    <fieldset className="mb-4" aria-describedby={error ? `${id}-note` : undefined}>
      <legend className="mb-1 font-medium">{legend}</legend>
      <div className={classes('divide-y divide-line rounded-control border', error ? 'border-danger' : 'border-control')}>
        {options.map((option) => (
          <label key={option.value} className="flex cursor-pointer items-start gap-3 px-3 py-2.5">
            <input
              value={option.value}
              {...(value !== undefined && { checked: value === option.value })}
              {...input}
              aria-labelledby={`${id}-${option.value}`}
              aria-describedby={`${id}-${option.value}-help`}
              className="mt-1 size-4 flex-none accent-accent"
            />
            <span className="min-w-0">
              <span id={`${id}-${option.value}`} className="block font-medium">
                {option.label}
              </span>
              <span id={`${id}-${option.value}-help`} className="block text-small text-muted">
                {option.help}
              </span>
            </span>
          </label>
        ))}
      </div>
      {error && (
        <Note id={`${id}-note`} isError>
          {sentence(legend, error)}
        </Note>
      )}
    </fieldset>
  )
}
