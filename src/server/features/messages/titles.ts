/** Titles of chats that nobody named: from the first question. */

const LONGEST = 60

/** Words by which a question begins without saying what it is about. */
const GREETING =
  /^(?:(?:hi|hello|hey|hallo|moin|servus|guten (?:tag|morgen|abend)|good (?:morning|afternoon|evening)|bonjour|salut|hola|ciao|olá)(?: (?:there|all|everyone|zusammen))?|please|bitte|thanks|thank you|danke)(?=[\s,.!:;–—-]|$)[\s,.!:;–—-]*/iu

/** The first sentence of a question that says something, without its greeting, cut at a word where it is long. */
export function titleFrom(text: string): string {
  const flat = oneLine(text)
  let rest = flat
  for (let shorter = rest.replace(GREETING, ''); shorter !== rest; shorter = rest.replace(GREETING, '')) rest = shorter
  // Nothing but a greeting is a title, too.
  return cut(firstSentence(rest === '' ? flat : rest))
}

/** Up to where a sentence ends; a very short one, such as “Hm.” or “1.”, takes the next along. */
function firstSentence(text: string): string {
  for (const { index, 0: end } of text.matchAll(/[.!?…]+(?=\s)|[。！？]/gu)) {
    const sentence = text.slice(0, index + end.length)
    if (sentence.length >= 12) return sentence.replace(/(?<=[\p{L}\p{N})\]"'’”])\.$/u, '')
  }
  return text
}

function cut(text: string): string {
  if (text.length <= LONGEST) return text
  const beginning = text.slice(0, LONGEST)
  const atWord = beginning.lastIndexOf(' ')
  return `${(atWord > LONGEST / 2 ? beginning.slice(0, atWord) : beginning).replace(/[\uD800-\uDBFF]$/, '')}…`
}

const oneLine = (text: string) => text.replace(/\s+/g, ' ').trim()
