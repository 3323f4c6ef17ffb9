/**
 * Diagrams are drawn one at a time. One that was begun and came to no end isn't begun again in this tab: where a browser runs
 * the frame within the page's process, it was the page that came to no end, and a person had to close it.
 */
const HUNG = 'sardonyx.diagrams'
const MOST_REMEMBERED = 50

interface Turn {
  readonly source: string
  readonly begin: () => void
}

/** The first is being drawn. */
const turns: Turn[] = []

/** A number that stands for the source, which is nothing to be kept. */
function printOf(source: string): number {
  let print = 0
  for (let at = 0; at < source.length; at += 1) print = (Math.imul(31, print) + source.charCodeAt(at)) | 0
  return print
}

const hung = () => JSON.parse(sessionStorage.getItem(HUNG) ?? '[]') as number[]

function remember(source: string, isHung: boolean): void {
  const others = hung().filter((print) => print !== printOf(source))
  sessionStorage.setItem(HUNG, JSON.stringify(isHung ? [...others, printOf(source)].slice(-MOST_REMEMBERED) : others))
}

/** Whether it was begun before and came to no end. */
export const isHung = (source: string): boolean => hung().includes(printOf(source))

function beginFirst(): void {
  const [first] = turns
  if (!first) return
  remember(first.source, true)
  first.begin()
}

/** Begins when all before it have ended. What it gives ends it, with the word whether it came to an end. */
export function queue(turn: Turn): (hasEnded: boolean) => void {
  if (turns.push(turn) === 1) beginFirst()
  return (hasEnded) => {
    const at = turns.indexOf(turn)
    if (at === -1) return
    turns.splice(at, 1)
    if (at !== 0) return
    if (hasEnded) remember(turn.source, false)
    beginFirst()
  }
}

// A page that can still be told that it is left does not hang.
addEventListener('pagehide', () => turns[0] && remember(turns[0].source, false))
