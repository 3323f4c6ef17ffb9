/** The field for a code: six digits of an app, or a recovery code. */
import type { ComponentProps } from 'react'
import { TextField } from '#web/ui/field.tsx'
import { t } from './text.ts'

type CodeFieldProps = Omit<ComponentProps<typeof TextField>, 'label'> & { kind: 'code' | 'recoveryCode' }

/** Filled by the device where it can be. */
export function CodeField({ kind, ...field }: CodeFieldProps) {
  const isRecovery = kind === 'recoveryCode'
  return (
    <TextField
      help={t(isRecovery ? 'factor.recoveryHelp' : 'factor.codeHelp')}
      {...field}
      label={t(isRecovery ? 'factor.recoveryCode' : 'factor.code')}
      inputMode={isRecovery ? 'text' : 'numeric'}
      autoComplete={isRecovery ? 'off' : 'one-time-code'}
      autoCapitalize={isRecovery ? 'characters' : 'off'}
      spellCheck={false}
      className="font-mono tracking-wider"
    />
  )
}
