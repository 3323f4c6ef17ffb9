/** What blocks of code and diagrams share: a frame with a title and buttons, and the code in colours once the highlighter has arrived. */
import { type ReactNode, useContext, useDeferredValue } from 'react'
import { CopyIcon } from '../copy-button.tsx'
import { OpenContext } from './growth.ts'
import { part } from './loaded.ts'
import { t } from './words.ts'

/** How much code is coloured: at once, and while it is being written, when all of it is coloured again at each step. */
const COLOURED = { whole: 50_000, open: 8_000 }

const highlighter = part(async () => (await import('./highlight.ts')).highlight)

/** The frame around code and what is made of it. */
export function CodeFrame({ title, text, actions, children }: { title: string; text: string; actions: ReactNode; children: ReactNode }) {
  return (
    <div className="code overflow-hidden rounded-panel border border-line bg-sunken">
      <div className="flex items-center border-b border-line py-0.5 pr-1 pl-4 font-sans text-small text-muted">
        <span className="mr-auto truncate">{title}</span>
        {actions}
        <CopyIcon label={t('code.copy')} text={() => text} />
      </div>
      {children}
    </div>
  )
}

/** The code itself. */
export function Coloured({ text, language, wraps }: { text: string; language: string | null; wraps: boolean }) {
  const open = useContext(OpenContext)
  const shown = useDeferredValue(text)
  const highlight = highlighter.use(language !== null && shown.length <= COLOURED[open ? 'open' : 'whole'])
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: long lines are scrolled by keyboard
    <pre tabIndex={0} className={wraps ? 'wrap-anywhere whitespace-pre-wrap' : ''}>
      <code>{(language !== null && highlight?.(shown, language)) || text}</code>
    </pre>
  )
}
