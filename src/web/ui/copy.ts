/** Copying to the clipboard, on plain http too, where browsers offer only the older way. */
import { t } from '../kernel/text.ts'
import { toast } from './toast.ts'

/** Copies the text, or says that the browser did not allow it; tells which. */
export async function copy(text: string): Promise<boolean> {
  const copied = window.isSecureContext
    ? await navigator.clipboard.writeText(text).then(
        () => true,
        () => copyBySelection(text),
      )
    : copyBySelection(text)
  if (!copied) toast({ kind: 'failed', text: t('common.copyFailed') })
  return copied
}

function copyBySelection(text: string): boolean {
  const area = document.createElement('textarea')
  area.value = text
  area.className = 'sr-only'
  const host = document.querySelector('[role="dialog"]') ?? document.body
  const focused = document.activeElement
  host.append(area)
  area.select()
  const copied = document.execCommand('copy')
  area.remove()
  if (focused instanceof HTMLElement) focused.focus()
  return copied
}
