/** What blocks of code and diagrams share: a frame with a title and buttons. */
import type { ReactNode } from 'react'
import { CopyIcon } from '../copy-button.tsx'
import { t } from './words.ts'

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
