/** How it was proven who signed in, in words. */
import type { Session } from '#contract/sessions.ts'
import { t } from './text.ts'

/** Goes on after “signed in”: “with a password”. */
export function sayHow(methods: Session['methods']): string {
  return methods.map((method) => t(`devices.how.${method}`)).join(', ')
}
