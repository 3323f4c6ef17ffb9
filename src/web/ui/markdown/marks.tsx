/** `[3]` in a text, turned into whatever the page draws for the third source. */
import { createContext, type ReactNode, useContext } from 'react'

/** Draws the mark of a number, or gives nothing where there is no such source. */
export const MarkContext = createContext<((number: number) => ReactNode) | null>(null)

interface Node {
  type: string
  value?: string
  children?: Node[]
  data?: object | undefined
}

const MARK = /\[(\d{1,3})\]/

/** Splits `[3]` off the text around it. HTML is turned to text, so a mark can come from nowhere else. */
export function splitMarks(node: Node): void {
  if (!node.children) return
  node.children = node.children.flatMap((child) => {
    if (child.type === 'text' && child.value !== undefined) return pieces(child.value)
    if (child.type !== 'link' && child.type !== 'linkReference') splitMarks(child)
    return [child]
  })
}

function pieces(value: string): Node[] {
  return value.split(/(\[\d{1,3}\])/).flatMap((piece): Node[] => {
    if (piece === '') return []
    const text = { type: 'text', value: piece }
    return MARK.test(piece) ? [{ type: 'mark', data: { hName: 'cite' }, children: [text] }] : [text]
  })
}

/** Draws one mark. */
export function Mark({ children }: { children?: ReactNode }) {
  const draw = useContext(MarkContext)
  const number = Number(MARK.exec(String(children))?.[1])
  return draw?.(number) ?? children
}
