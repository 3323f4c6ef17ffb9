/** Below an answer that did not end by itself: going on is offered where the server would, and answering again in any case. */
import { renderToStaticMarkup } from 'react-dom/server'
import { expect, test, vi } from 'vitest'
import { LONGEST_CONTINUED } from '#contract/bounds.ts'
import type { Message } from '#contract/chats.ts'
import { t } from '#web/kernel/text.ts'
import { Ending } from './ending.tsx'

vi.mock('virtual:wire', () => ({ WIRE: {} }))

test.each([
  { is: 'one as long as may be', length: LONGEST_CONTINUED, offered: true },
  { is: 'one that is longer', length: LONGEST_CONTINUED + 1, offered: false },
  { is: 'one without a word', length: 0, offered: false },
  { is: 'one of the Librarian', length: 9, model: 'librarian', offered: false },
  { is: 'one that something follows', length: 9, followed: true, offered: false },
])('$is: Continue is offered: $offered', ({ length, model = 'some:model', followed = false, offered }) => {
  const message = { id: 'a', status: 'stopped', parts: [{ type: 'text', text: 'x'.repeat(length) }], model } as unknown as Message
  const shown = renderToStaticMarkup(<Ending message={message} followed={followed} onAgain={() => undefined} />)
  expect([shown.includes(t('message.continue')), shown.includes(t('message.again'))]).toEqual([offered, true])
})
