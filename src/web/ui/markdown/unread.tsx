/** A text that is too heavy to be laid out: as it was written, a part at a time. */
import { useState } from 'react'
import { Button } from '../button.tsx'
import { CopyIcon } from '../copy-button.tsx'
import { t } from './words.ts'

const AT_FIRST = 5_000
const MORE = 50_000

/** Says that it is, and shows its beginning. */
export function Unread({ text }: { text: string }) {
  const [shown, setShown] = useState(AT_FIRST)
  return (
    <div className="mb-3">
      <p className="flex items-center gap-x-2 text-muted">
        {t('markdown.unread')}
        <CopyIcon label={t('markdown.unreadCopy')} text={() => text} />
      </p>
      <div className="whitespace-pre-wrap wrap-anywhere">{text.slice(0, shown)}</div>
      {text.length > shown && <Button onClick={() => setShown(shown + MORE)}>{t('markdown.unreadMore')}</Button>}
    </div>
  )
}
