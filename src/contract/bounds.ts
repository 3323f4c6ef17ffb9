/** Bounds that a page keeps to before it asks. Without zod, so that they weigh nothing there. */

/** As many characters as an answer may have that a model goes on with. */
export const LONGEST_CONTINUED = 400_000
/** As many chats as one request changes. */
export const MOST_AT_ONCE = 200
