/** Which organisation one means, where a server holds several. */
import type { ComponentProps } from 'react'
import { TextField } from '#web/ui/field.tsx'
import { t } from './text.ts'

/** The field for its short name, the first of its form. */
export function OrganisationField(field: Omit<ComponentProps<typeof TextField>, 'label'>) {
  return (
    <TextField
      label={t('signIn.organisation')}
      help={t('signIn.organisationHelp')}
      autoComplete="organization"
      autoCapitalize="off"
      spellCheck={false}
      autoFocus
      {...field}
    />
  )
}
