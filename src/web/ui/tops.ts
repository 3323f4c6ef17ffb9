/** Where the rows of a list that is drawn in part begin, one below the other. Pure. */

/** Gives where each of so many rows begins, and last where they end. */
export function topsOf(count: number, heightOf: (index: number) => number, abovePx = 0): Float64Array {
  const tops = new Float64Array(count + 1)
  tops[0] = abovePx
  for (let index = 0; index < count; index++) tops[index + 1] = (tops[index] ?? 0) + heightOf(index)
  return tops
}

/** Gives the row at this height; the first above all, the last below them. */
export function indexAt(tops: Float64Array, px: number): number {
  let [low, high] = [0, Math.max(0, tops.length - 2)]
  while (low < high) {
    const middle = (low + high + 1) >> 1
    if ((tops[middle] ?? 0) <= px) low = middle
    else high = middle - 1
  }
  return low
}
