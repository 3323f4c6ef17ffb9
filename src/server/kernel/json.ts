/** Reading JSON that may be none: from a cache, or out of a token. */

/** The value that a text stands for, or undefined when it is not JSON. */
export function readJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    // The only way to learn that it is none.
    return undefined
  }
}
