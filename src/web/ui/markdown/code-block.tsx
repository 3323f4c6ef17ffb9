/** A block of code, with buttons to wrap and copy it; a diagram where it is the source of one. */
import { useContext, useState } from 'react'
import { IconButton } from '../button.tsx'
import { CodeFrame } from './code-frame.tsx'
import { Coloured } from './coloured.tsx'
import { OpenContext } from './growth.ts'
import { nameOf } from './languages.ts'
import { part } from './loaded.ts'
import { t } from './words.ts'

const diagrams = part(async () => (await import('./diagram/diagram.tsx')).Diagram)

/** Draws a block of code. */
export function CodeBlock({ text, language }: { text: string; language: string | null }) {
  const open = useContext(OpenContext)
  const Diagram = diagrams.use(language === 'mermaid' && !open)
  return Diagram ? <Diagram key={text} source={text} /> : <Code text={text} language={language} />
}

function Code({ text, language }: { text: string; language: string | null }) {
  const [wraps, setWraps] = useState(false)
  return (
    <CodeFrame
      title={language === null ? t('code.text') : nameOf(language)}
      text={text}
      actions={<IconButton icon="wrap" label={t('code.wrap')} aria-pressed={wraps} onClick={() => setWraps(!wraps)} />}
    >
      <Coloured text={text} language={language} wraps={wraps} />
    </CodeFrame>
  )
}
