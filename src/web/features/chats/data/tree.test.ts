/** The path through the tree of messages. */
import { expect, test } from 'vitest'
import type { Message } from '#contract/chats.ts'
import { newestLeaf, pathTo, toTree, versions } from './tree.ts'

const message = (id: string, parentId: string | null, second: number, messageType: Message['messageType'] = 'assistant') =>
  ({ id, parentId, messageType, timeCreated: new Date(second * 1000).toISOString() }) as unknown as Message

const MESSAGES = [
  message('q1', null, 1, 'user'),
  message('a1', 'q1', 2),
  message('a2', 'q1', 3),
  message('q2', 'a1', 4, 'user'),
  message('a3', 'q2', 5),
]
const ids = (messages: readonly Message[]) => messages.map(({ id }) => id)

test('the newest leaf is shown with everything before it, in whatever order messages came', () => {
  const tree = toTree(MESSAGES.toReversed())
  const leaf = newestLeaf(tree)
  expect(leaf?.id).toBe('a3')
  expect(ids(pathTo(tree, leaf?.id ?? null))).toEqual(['q1', 'a1', 'q2', 'a3'])
})

test('choosing a version shows the newest message below it', () => {
  const tree = toTree(MESSAGES)
  const [first, second] = versions(tree, tree.byId.get('a1') as Message)
  expect([first?.id, second?.id]).toEqual(['a1', 'a2'])
  expect(newestLeaf(tree, first ?? null)?.id).toBe('a3')
  expect(ids(pathTo(tree, newestLeaf(tree, second ?? null)?.id ?? null))).toEqual(['q1', 'a2'])
})

test('a tree that lacks its earlier part begins where it is known', () => {
  const tree = toTree(MESSAGES.slice(3))
  expect(ids(pathTo(tree, 'a3'))).toEqual(['q2', 'a3'])
  expect(ids(versions(tree, tree.byId.get('q2') as Message))).toEqual(['q2'])
})

test('a question and its answer of the same instant keep their order', () => {
  const tree = toTree([message('b', 'a', 1), message('a', null, 1, 'user')])
  expect(newestLeaf(tree)?.id).toBe('b')
})

test('nothing known, nothing shown', () => {
  expect(newestLeaf(toTree([]))).toBeNull()
  expect(pathTo(toTree([]), null)).toEqual([])
})
