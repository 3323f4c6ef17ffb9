/**
 * The blocks of a text as they are read: small ones at once, for as long as the page can wait, the others by the worker. What
 * has been read is kept, down to the elements that a longer text leaves as they were, so that they aren't drawn again.
 */
import { startTransition, useEffect, useMemo, useRef, useState } from 'react'
import { beside } from './beside.ts'
import type { Stage } from './maths/reading.ts'
import { type Block, type Reader, read } from './reading.ts'

/** A block of the text, and how far it may still change. */
interface Piece extends Reader {
  readonly text: string
  readonly stage: Stage | null
}

/** What a piece becomes. */
export interface Reading {
  readonly piece: Piece
  /** Null where it can't be laid out. Until it has been read, what the shorter one became, if there was one. */
  readonly block: Block | null | undefined
  readonly isRead: boolean
}

/** How long blocks, and how much of a text, are read at once. The worst of them takes a quarter of a second. */
const AT_ONCE = { block: 3_000, code: 20_000, textMs: 150 }
/** One block of code and nothing else, which is soon read. */
const CODE = /^(`{3,}|~{3,})[^\n]*\n(?:(?!\1)[^\n]*\n)*(?:\1[`~]*\s*)?$/

/** Outside a browser all is read at once. */
const HAS_WORKER = typeof Worker !== 'undefined'

/** Gives the readings of the pieces, which only change at their end or together. */
export function useBlocks(pieces: readonly Piece[]): readonly Reading[] {
  const kept = useRef<readonly Reading[]>([])
  const [arrived, setArrived] = useState<ReadonlyMap<number, Reading>>(new Map())
  const readings = useMemo(() => {
    const endMs = performance.now() + AT_ONCE.textMs
    return pieces.map((piece, index): Reading => {
      const before = kept.current[index]
      const known = [before, arrived.get(index)].find((each) => each?.isRead && serves(each, piece))
      if (known) return known
      if (!HAS_WORKER || (isSmall(piece.text) && performance.now() < endMs))
        return after(before, { piece, block: read(piece.text, piece), isRead: true })
      return { piece, block: before?.block, isRead: false }
    })
  }, [pieces, arrived])
  const asked = useRef(new Map<number, { readonly reading: Reading; readonly leaving: AbortController }>())
  useEffect(() => {
    kept.current = readings
    for (const [index, reading] of readings.entries()) {
      const { piece, isRead } = reading
      const before = asked.current.get(index)
      if (isRead || (before && serves(before.reading, piece))) continue
      before?.leaving.abort()
      const leaving = new AbortController()
      asked.current.set(index, { reading, leaving })
      const arrive = (block: Reading['block']) => {
        if (leaving.signal.aborted) return
        const read = after(reading, { piece, block, isRead: true })
        startTransition(() => setArrived((all) => new Map(all).set(index, read)))
      }
      // Without the worker it stays plain.
      beside({ text: piece.text, maths: piece.stage }, leaving.signal).then(
        (block) => arrive(block as Block | null),
        () => arrive(undefined),
      )
    }
  }, [readings])
  useEffect(() => {
    const all = asked.current
    return () => {
      for (const { leaving } of all.values()) leaving.abort()
      all.clear()
    }
  }, [])
  return readings
}

/** What makes a long formula of a short one. */
const MACROS = /\\(?:[egx]?def|let|futurelet|(?:new|renew|provide)command)/

const isSmall = (text: string) => (text.length <= AT_ONCE.block && !MACROS.test(text)) || (text.length <= AT_ONCE.code && CODE.test(text))

/** Whether the reading is that of the piece. What was read without KaTeX is read again with it, if there is a formula. */
function serves({ piece, block }: Reading, wanted: Piece): boolean {
  if (piece.text !== wanted.text || piece.stage !== wanted.stage) return false
  return !block?.lacksMarkup || piece.toMarkup === wanted.toMarkup
}

/** The reading, with what has stayed as it was before. */
function after(before: Reading | undefined, { block, ...reading }: Reading): Reading {
  const old = before?.block?.nodes ?? []
  const stays = (index: number, node: unknown) => JSON.stringify(old[index]) === JSON.stringify(node)
  return { ...reading, block: block && { ...block, nodes: block.nodes.map((node, index) => (stays(index, node) ? old[index]! : node)) } }
}
