/** Reading JSON that may be none: from a cache, a token or a model server. */

/** The value that a text stands for, or undefined when it is not JSON. */
export function readJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    // The only way to learn that it is none.
    return undefined
  }
}
