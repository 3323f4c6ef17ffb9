/** What waited for the server is done each time that it can be reached again, also when it was lost in the middle of that. */
import { expect, test, vi } from 'vitest'
import { onCatchUp } from './catch-up.ts'
import { noteReached, noteUnreachable } from './connection.ts'

test('a connection that goes and comes while it is caught up has it done once more, and only one at a time', async () => {
  vi.stubGlobal('navigator', { onLine: true })
  const done: string[] = []
  const rests: (() => void)[] = []
  onCatchUp('send', async () => done.push('send'))
  onCatchUp('rest', () => {
    done.push('rest')
    return new Promise<void>((resolve) => rests.push(resolve))
  })
  noteReached()
  await expect.poll(() => done).toEqual(['send', 'rest'])
  for (let i = 0; i < 2; i++) {
    noteUnreachable()
    noteReached()
  }
  expect(done).toEqual(['send', 'rest'])
  rests.shift()?.()
  await expect.poll(() => done).toEqual(['send', 'rest', 'send', 'rest'])
  rests.shift()?.()
  noteUnreachable()
  noteReached()
  await expect.poll(() => done).toEqual(['send', 'rest', 'send', 'rest', 'send', 'rest'])
})
