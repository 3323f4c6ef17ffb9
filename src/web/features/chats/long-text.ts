/** Kerning makes breaking one very long word into lines quadratic: a hundred thousand letters would freeze the page for seconds. */
const LONG = 2_000

/** The class for places that any text may be pasted into. */
export const UNKERNED = '[font-kerning:none]'

/** Gives the class for text typed by a person, which may be long and without spaces. */
export function kerningOf(text: string): string | false {
  return text.length > LONG && UNKERNED
}
