/** A table, which scrolls within itself where it is too wide, and can be copied. */
import { type ReactNode, useRef } from 'react'
import { CopyIcon } from '../copy-button.tsx'
import { t } from './words.ts'

/** Draws a table. */
export function Table({ children }: { children?: ReactNode }) {
  const table = useRef<HTMLTableElement>(null)
  return (
    <div className="table group/table relative">
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: wide tables are scrolled by keyboard */}
      <section className="overflow-x-auto" tabIndex={0} aria-label={t('markdown.table')}>
        <table ref={table}>{children}</table>
      </section>
      <CopyIcon
        label={t('markdown.tableCopy')}
        text={() => toMarkdown(table.current)}
        className="absolute -top-1.5 right-0 bg-ground! opacity-0 group-hover/table:opacity-100 focus-visible:opacity-100 pointer-coarse:hidden"
      />
    </div>
  )
}

function toMarkdown(table: HTMLTableElement | null): string {
  const rows = [...(table?.rows ?? [])].map((row) => [...row.cells].map(textIn))
  const [head = [], ...body] = rows
  return [head, head.map(() => '---'), ...body].map((cells) => `| ${cells.join(' | ')} |\n`).join('')
}

const textIn = (cell: HTMLElement) => cell.innerText.replace(/\s+/g, ' ').replaceAll('|', '\\|').trim()
