/** What a page knows of the branch that is shown, however it learned it. */
import { expect, test } from 'vitest'
import type { PathMessage } from '#contract/chats.ts'
import type { Path } from '#contract/tree.ts'
import { type Branch, depthOf, missingIn, NO_MESSAGES, withExchange, withMessages, withPath } from './branch.ts'

/** Messages called a0, a1, …: the letter says the branch, the number how deep. `from` is what the first of them follows. */
function run(
  letter: string,
  first: number,
  last: number,
  from: string | null = first === 0 ? null : `${letter}${first - 1}`,
): PathMessage[] {
  return Array.from({ length: last - first + 1 }, (_, i) => {
    const parentId = i === 0 ? from : `${letter}${first + i - 1}`
    return { id: `${letter}${first + i}`, parentId, depth: first + i, status: 'complete' } as unknown as PathMessage
  })
}
const page = (leafId: string, total: number, items: PathMessage[]) => ({ leafId, total, items: items.toReversed() }) as unknown as Path
const shown = ({ at }: Branch) => [...at.values()].sort((a, b) => a.depth - b.depth).map(({ id }) => id)

const end = withPath(NO_MESSAGES, page('a99', 100, run('a', 90, 99)))

test('pages of one path come together, whatever lies between them', () => {
  const both = withPath(end, page('a99', 100, run('a', 0, 4)))
  expect(shown(both)).toEqual([...run('a', 0, 4), ...run('a', 90, 99)].map(({ id }) => id))
  expect([missingIn(both, 0, 4), missingIn(both, 0, 10), missingIn(both, 80, 500)]).toEqual([null, 10, 89])
  expect([depthOf(both, 'a2'), depthOf(both, 'a99'), depthOf(both, 'a50')]).toEqual([2, 99, undefined])
})

test('another branch takes the place of what lies below the fork, and of nothing above', () => {
  const forked = withPath(end, page('b120', 121, [...run('a', 90, 94), ...run('b', 95, 100, 'a94')]))
  expect(shown(forked)).toEqual([...run('a', 90, 94), ...run('b', 95, 100)].map(({ id }) => id))
  expect(forked).toMatchObject({ leafId: 'b120', total: 121 })
})

test('a page that begins where the branch is known goes on from it; one that does not replaces it', () => {
  expect(shown(withPath(end, page('c101', 102, run('c', 100, 101, 'a99'))))).toHaveLength(12)
  expect(shown(withPath(end, page('c101', 102, run('c', 100, 101))))).toEqual(['c100', 'c101'])
  expect(shown(withPath(end, page('a999', 1000, run('a', 990, 999)), true))).toHaveLength(20)
})

test('a question with its answer becomes the end, unless another branch is shown by now', () => {
  const [question, answer] = run('b', 95, 96, 'a94')
  expect(withExchange(end, { question: question!, answer: answer! })).toMatchObject({ leafId: 'b96', total: 97 })
  const [next, reply] = run('a', 100, 101)
  expect(shown(withExchange(end, { question: next!, answer: reply! })).slice(-3)).toEqual(['a99', 'a100', 'a101'])
  const [elsewhere, there] = run('x', 95, 96)
  expect(withExchange(end, { question: elsewhere!, answer: there! })).toBe(end)
})

test('messages as they are now replace what is shown of them, and add nothing', () => {
  const [changed] = run('a', 95, 95)
  const [foreign] = run('b', 95, 95)
  expect(withMessages(end, [{ ...changed!, status: 'stopped' }]).at.get(95)?.status).toBe('stopped')
  expect(withMessages(end, [foreign!])).toBe(end)
})
