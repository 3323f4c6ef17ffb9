/** A block of code: its language, a button to copy it, and colours once the highlighter has arrived. */
import { isValidElement, type ReactNode, useDeferredValue, useEffect, useState } from 'react'
import { t } from '../../kernel/text.ts'
import { CopyIcon } from '../copy-button.tsx'
import type { Highlight } from './highlight.ts'

/** Draws what Markdown puts into a `pre`. */
export function CodeBlock({ children }: { children?: ReactNode }) {
  const { className = '', children: code } = isValidElement<{ className?: string; children?: ReactNode }>(children) ? children.props : {}
  const text = String(code ?? '').replace(/\n$/, '')
  const language = /language-([\w+#.-]+)/.exec(className)?.[1] ?? null
  const coloured = useHighlighted(useDeferredValue(text), language)
  return (
    <div className="code overflow-hidden rounded-panel border border-line bg-sunken">
      <div className="flex items-center justify-between border-b border-line py-0.5 pr-1 pl-4 font-sans text-small text-muted">
        <span>{language ?? t('code.text')}</span>
        <CopyIcon label={t('code.copy')} text={() => text} />
      </div>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: long lines are scrolled by keyboard */}
      <pre tabIndex={0}>
        <code>{coloured ?? text}</code>
      </pre>
    </div>
  )
}

function useHighlighted(text: string, language: string | null): ReactNode {
  const [highlight, setHighlight] = useState<{ run: Highlight } | null>(null)
  useEffect(() => {
    if (language === null) return
    let shown = true
    void import('./highlight.ts').then(({ highlight: run }) => shown && setHighlight({ run }))
    return () => {
      shown = false
    }
  }, [language])
  return language === null ? null : (highlight?.run(text, language) ?? null)
}
