/** A button that copies, and says so for a moment. */
import { useEffect, useState } from 'react'
import { t } from '../kernel/text.ts'
import { Button, IconButton } from './button.tsx'
import { copy } from './copy.ts'

const SAYS_SO_MS = 1_600

function useCopy(text: () => string): [copied: boolean, run: () => Promise<void>] {
  const [copied, setCopied] = useState(false)
  useEffect(() => {
    if (!copied) return
    const timer = setTimeout(() => setCopied(false), SAYS_SO_MS)
    return () => clearTimeout(timer)
  }, [copied])
  return [copied, async () => setCopied(await copy(text()))]
}

/** Copies what `text` gives at that moment. */
export function CopyIcon({ label, text, className }: { label: string; text: () => string; className?: string }) {
  const [copied, run] = useCopy(text)
  return <IconButton icon={copied ? 'check' : 'copy'} label={copied ? t('common.copied') : label} onClick={run} className={className} />
}

/** Copies what `text` gives, as a button with words. */
export function CopyButton({ label, text }: { label: string; text: () => string }) {
  const [copied, run] = useCopy(text)
  return (
    <Button look="solid" icon={copied ? 'check' : 'copy'} onClick={run}>
      {copied ? t('common.copied') : label}
    </Button>
  )
}
