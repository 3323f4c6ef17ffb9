/** Forms that are sent to the server, and show under each field what it says of it. */
import { useState } from 'react'
import { type DefaultValues, type FieldValues, type Path, type Resolver, type UseFormReturn, useForm } from 'react-hook-form'
import type { FailureCode } from '#contract/errors.ts'
import { ApiProblem, explain } from './problem.ts'
import { ProofDeclined } from './proof.ts'
import { noticeSessionEnd } from './session.ts'
import { t } from './text.ts'

export interface FormWish<In extends FieldValues, Out> {
  readonly defaults: DefaultValues<In>
  /** Sends the values; the form stays busy until this is done. */
  readonly send: (values: Out) => Promise<unknown>
  /** Failures that are about one field. */
  readonly fields?: Partial<Record<FailureCode, Path<In>>>
}

export interface ApiForm<In extends FieldValues, Out> {
  readonly form: UseFormReturn<In, unknown, Out>
  readonly submit: (event: React.SubmitEvent<HTMLFormElement>) => void
  /** A failure that no field shows. */
  readonly failure: unknown
  readonly errorOf: (name: Path<In>) => string | undefined
  readonly busy: boolean
}

/** Marks errors that the server found. */
const SAID = 'said'

/** Makes a form; with a resolver, that checks the values before they are sent. */
export function usePlainForm<In extends FieldValues, Out = In>(
  { defaults, send, fields = {} }: FormWish<In, Out>,
  resolver?: Resolver<In, unknown, Out>,
): ApiForm<In, Out> {
  const form = useForm<In, unknown, Out>({
    ...(resolver && { resolver }),
    defaultValues: defaults,
    mode: 'onSubmit',
    reValidateMode: 'onChange',
  })
  const [failure, setFailure] = useState<unknown>(null)
  const run = async (values: Out) => {
    setFailure(null)
    try {
      await send(values)
    } catch (error) {
      noticeSessionEnd(error)
      if (!(error instanceof ProofDeclined) && !showAtFields(error, form, fields)) setFailure(error)
    }
  }
  const { errors, isSubmitting } = form.formState
  return {
    form,
    submit: (event) => void form.handleSubmit(run)(event),
    failure,
    errorOf: (name) => {
      const error = errors[name]
      const untouched = error && error.type !== SAID && form.getValues(name) === ''
      return untouched ? t('common.empty') : (error?.message as string | undefined)
    },
    busy: isSubmitting,
  }
}

function showAtFields<In extends FieldValues, Out>(
  error: unknown,
  form: UseFormReturn<In, unknown, Out>,
  fields: Partial<Record<FailureCode, Path<In>>>,
): boolean {
  if (!(error instanceof ApiProblem)) return false
  const { code, errors = [] } = error.problem
  const { what, next } = explain(error)
  const known = Object.keys(form.getValues())
  const field = fields[code as FailureCode]
  if (field) form.setError(field, { type: SAID, message: `${what} ${next}` }, { shouldFocus: true })
  const named = errors.filter(({ path }) => known.includes(path.split('.')[0] ?? ''))
  for (const [index, { path, message }] of named.entries()) {
    form.setError(path.split('.')[0] as Path<In>, { type: SAID, message }, { shouldFocus: index === 0 })
  }
  return field !== undefined || named.length > 0
}
