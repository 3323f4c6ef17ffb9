/** Forms that are checked by the contract before they are sent. What checks is large; pages that must be there at once use a plain one. */
import { zodResolver } from '@hookform/resolvers/zod'
import type { FieldValues } from 'react-hook-form'
import type { z } from 'zod'
import { type ApiForm, type FormWish, usePlainForm } from './plain-form.ts'

interface Wish<In extends FieldValues, Out> extends FormWish<In, Out> {
  readonly schema: z.ZodType<Out, In>
}

/** Makes a form of a schema. */
export function useApiForm<In extends FieldValues, Out>({ schema, ...wish }: Wish<In, Out>): ApiForm<In, Out> {
  return usePlainForm(wish, zodResolver(schema))
}
