/** The Librarian: what it quotes first, its steady form, its honesty when nothing fits, and that no quotation can become markup. */
import fc from 'fast-check'
import { createElement } from 'react'
import { renderToStaticMarkup } from 'react-dom/server'
import Markdown from 'react-markdown'
import remarkGfm from 'remark-gfm'
import { describe, expect, test } from 'vitest'
import { Part } from '#contract/chats.ts'
import type { ChatId, MessageId } from '#contract/ids.ts'
import { HandbookSection } from '#contract/models.ts'
import { streamAnswer } from '#server/providers/stream-answer.ts'
import { answerTo, type Piece } from './answer.ts'
import { HANDBOOK } from './handbook.ts'
import { LIBRARIAN, librarianModel } from './model.ts'
import type { Passage } from './passage.ts'
import { plainMarkdown } from './plain.ts'
import { LONGEST_QUOTE, paragraphsOf, sentencesOf } from './sentences.ts'
import { smallTalk } from './small-talk.ts'

const uuid = (n: number) => `0190b7f2-0000-7000-8000-${String(n).padStart(12, '0')}`
const message = (title: string, text: string, timeCreated = '2026-11-03T10:00:00.000Z'): Passage => ({
  source: { kind: 'message', chatId: uuid(1) as ChatId, messageId: uuid(2) as MessageId, title },
  title,
  text,
  score: 1,
  timeCreated,
})
const BUDGET = message('Budget Discussion', 'We decided that the Q1 budget is 40,000 euros. Marketing gets half of it.')
const ask = (question: string, ...passages: Passage[]) => answerTo(question, async () => passages)
const textOf = (pieces: readonly Piece[]) => pieces.filter((piece) => typeof piece === 'string').join('')
const citationsOf = (pieces: readonly Piece[]) => pieces.filter((piece) => typeof piece !== 'string')
const NOTHING = 'Nothing in your chats or the handbook mentions that.'

describe('the handbook', () => {
  test('has sections in order, each with its own id', () => {
    expect(HANDBOOK.length).toBeGreaterThanOrEqual(10)
    expect(HANDBOOK[0]?.id).toBe('what-sardonyx-is')
    expect(new Set(HANDBOOK.map(({ id }) => id)).size).toBe(HANDBOOK.length)
    for (const section of HANDBOOK) expect(HandbookSection.parse(section)).toEqual(section)
  })

  const first = [
    ['Who can read my chats?', 'who-can-read-a-chat', /^Only you can read your chats, until you share one\./],
    ['How do I add a model?', 'adding-a-model', /^To add a model, an administrator opens Models/],
    ['What happens when I delete a chat?', 'renaming-and-deleting', /^When you delete a chat, it leaves your list/],
    ['Can administrators read my chats?', 'who-can-read-a-chat', /^Administrators cannot read your chats/],
    ["I can't see my chats", 'when-something-goes-wrong', /^I can't see my chats: “Find a chat”/],
    ["I can see someone else's data", 'when-something-goes-wrong', /^I can see someone else's data: that must never happen/],
    ['How long do I stay signed in?', 'signing-in-and-out', /24 hours/],
    ['A device in the list is not mine', 'your-account', /^“Devices” lists every browser in which you are signed in/],
    ['how do i invite a colleague', 'inviting-people', /^To invite somebody/],
    ['Is my data encrypted?', 'where-data-is-kept', /encrypted before they reach the database/],
    ['How can I use Ollama?', 'adding-a-model', /Ollama/],
    ['How do I undo a deletion?', 'renaming-and-deleting', /Undo/],
    ['Who sees my messages?', 'who-can-read-a-chat', /see your messages/],
    ['Is there an API?', 'programs', /API/],
    ['How do I delete my account?', 'your-data', /^To delete your account, open “Account”, “Your data”/],
    ['How do I export my data?', 'your-data', /^To export your data, open “Account”, “Your data”/],
    ['How do I set up an authenticator app?', 'ways-to-sign-in', /^To set up an authenticator app, open “Account”, “Sign-in”/],
    ['How do I change my password?', 'ways-to-sign-in', /^To change your password, open “Account”, “Sign-in”/],
    ['What is the dashed brown edge?', 'administering', /^A dashed brown edge stands beside the pages on which an administrator/],
    ['How do I require a second factor?', 'administering', /^To require a second factor, an administrator opens Logins, “Rules”/],
    ['How do I stop an answer?', 'asking-and-stopping', /^Stop ends an answer at once/],
  ] as const
  test.each(first)('answers “%s” from %s', async (question, section, quote) => {
    const [citation] = citationsOf(await ask(question))
    expect(citation?.source).toMatchObject({ kind: 'handbook', section })
    expect(citation?.quote).toMatch(quote)
  })
})

describe('an answer', () => {
  test('has a steady form: where from, word for word, its number, and that nothing was added', async () => {
    const pieces = await ask('What is the Q1 budget?', BUDGET)
    expect(textOf(pieces)).toBe(
      'From your chat **“Budget Discussion”**, 3 November 2026:\n\n> We decided that the Q1 budget is 40,000 euros. Marketing gets half of it. [1]\n\n*Quoted word for word; nothing is added.*',
    )
    expect(citationsOf(pieces)).toEqual([{ type: 'citation', number: 1, source: BUDGET.source, quote: BUDGET.text }])
    expect(Part.safeParse(citationsOf(pieces)[0]).success).toBe(true)
  })

  test('quotes at most four passages, none twice, each short', async () => {
    const passages = Array.from({ length: 12 }, (_, i) =>
      message(`Chat ${i}`, `The budget of team ${'abcdefghijkl'[i]} is ${i},000 euros. ${'More about it. '.repeat(80)}`),
    )
    const citations = citationsOf(await ask('team budget', ...passages, ...passages))
    expect(citations.map(({ number }) => number)).toEqual([1, 2, 3, 4])
    expect(new Set(citations.map(({ quote }) => quote)).size).toBe(4)
    expect(citations.every(({ quote }) => quote.length <= 500)).toBe(true)
  })

  test('does not quote nearly the same line twice', async () => {
    const twice = ['The launch date is 12 December in Berlin.', 'the launch date is 12 December, in Berlin!'].map((text) =>
      message('Plan', text),
    )
    expect(citationsOf(await ask('When is the launch date?', ...twice)).length).toBe(1)
  })

  test('never quotes the question itself, alone or inside a longer message', async () => {
    const echoes = ['what is the ZEPPELIN budget', 'Hello.\n\nWhat is the zeppelin budget?\n\nThanks.'].map((text) =>
      message('Earlier', text),
    )
    expect(textOf(await ask('What is the Zeppelin budget?', ...echoes))).toContain(NOTHING)
  })

  test('finds the line that fits in a long message, and cuts what has no sentences', async () => {
    const long = `${'Nothing of interest here. '.repeat(2_000)}\n\nThe zeppelin leaves at noon.\n\n${'Nothing of interest here. '.repeat(1_500)}`
    expect(citationsOf(await ask('When does the zeppelin leave?', message('Travel', long)))[0]?.quote).toBe('The zeppelin leaves at noon.')
    const blob = `${'word '.repeat(5_000)}zeppelin ${'word '.repeat(5_000)}`
    const [citation] = citationsOf(await ask('zeppelin', message('Dump', blob)))
    expect(citation?.quote).toContain('zeppelin')
    expect(citation?.quote.length).toBeLessThanOrEqual(500)
  })

  test('takes the sentence before along where the line leans on it', async () => {
    const [citation] = citationsOf(await ask('Does anything leave at noon?', message('Travel', 'We rented a zeppelin. It leaves at noon.')))
    expect(citation?.quote).toBe('We rented a zeppelin. It leaves at noon.')
  })

  test('works in other languages', async () => {
    const passage = message('Verträge', 'Wir haben den Vertrag mit der Druckerei im März gekündigt.')
    expect(citationsOf(await ask('Wann haben wir den Vertrag gekündigt?', passage)).length).toBe(1)
    expect(citationsOf(await ask('京都の天気', message('旅行', '京都の天気は晴れです。'))).length).toBe(1)
  })
})

describe('when nothing fits', () => {
  const beside = [
    'What is the capital of France?',
    'Tell me a joke',
    'Read me a story',
    'How many employees do we have?',
    'zeppelin',
    '?',
    '',
    '👩‍👩‍👧',
    'who are they',
  ]
  test.each(beside)('“%s” gets no quotation, but says how to ask a model', async (question) => {
    const pieces = await ask(question, BUDGET)
    expect(citationsOf(pieces)).toEqual([])
    expect(textOf(pieces)).toContain(NOTHING)
    expect(textOf(pieces)).toContain('an administrator adds them')
  })

  test('a message that shares one common word is not quoted', async () => {
    expect(
      citationsOf(await ask('What is the budget for zeppelins, balloons and kites?', message('Chat', 'Kites are fun to look at.'))),
    ).toEqual([])
  })

  test('a failing search is an error, not an empty answer', async () => {
    await expect(answerTo('budget', () => Promise.reject(new Error('down')))).rejects.toThrow('down')
  })
})

describe('about itself', () => {
  test.each([
    'hi',
    'Hello!',
    'Good morning',
    'thank you',
    'Who are you?',
    'what can you do?',
    'Are you an AI?',
    'help',
    'Which model are you?',
  ])('“%s”', async (question) => {
    const pieces = await answerTo(question, () => Promise.reject(new Error('nothing is searched')))
    expect(textOf(pieces)).not.toContain(NOTHING)
  })

  test('says that it is no language model', () => expect(smallTalk('What are you?')).toContain('not a language model'))

  test('a question is not taken for a greeting', () => {
    for (const question of [
      'hi, what is the budget?',
      'thanks to whom did we win',
      'help me find the budget',
      'who are you meeting tomorrow',
    ]) {
      expect(smallTalk(question)).toBeUndefined()
    }
  })
})

describe('quoted text cannot become markup', () => {
  const html = (markdown: string) => renderToStaticMarkup(createElement(Markdown, { remarkPlugins: [remarkGfm] }, markdown))
  const tags = (rendered: string) =>
    [...new Set([...rendered.matchAll(/<([a-z0-9]+)/g)].map(([, tag]) => tag))].filter(
      (tag) => tag !== 'p' && tag !== 'blockquote' && tag !== 'code',
    )
  const shown = (rendered: string) =>
    rendered
      .replace(/<[^>]+>/g, '')
      .replace(/&lt;/g, '<')
      .replace(/&gt;/g, '>')
      .replace(/&quot;/g, '"')
      .replace(/&#x27;/g, "'")
      .replace(/&amp;/g, '&')
  const oneLine = (text: string) => text.replace(/\s+/g, ' ').trim()

  const attacks = [
    '](javascript:alert(1))',
    '[click](https://evil.example)',
    '![x](https://evil.example/p.png)',
    '<img src=x onerror=alert(1)>',
    '<https://evil.example>',
    'see https://evil.example/?q=1, or www.evil.example and me@evil.example',
    '[1]: https://evil.example',
    '[^1]',
    '# heading',
    '> quote',
    '- item',
    '+ item',
    '1. item',
    '1) item',
    '```js',
    '~~~',
    '`code`',
    '**bold** _it_ ~~no~~',
    '| a | b |',
    '---',
    '===',
    '***',
    '&lt;b&gt; &#106;',
    '\\[x\\](y)',
    '$x$',
    '- [ ] task',
    'a\n\n# b\n\n<script>',
    '\\',
    'x\\',
    ':-: | :-:',
    'mailto:me@evil.example xmpp:a@b',
    'http://`x`',
    'https://a`b``c',
    '    indented',
    '\tx',
    '<!-- c -->',
    '<b',
    'a@b',
    'HTTPS://EVIL.EXAMPLE',
  ]
  test.each(attacks)('%j', (attack) => {
    const rendered = html(`> ${plainMarkdown(attack)} [1]`)
    expect(tags(rendered)).toEqual([])
    expect(oneLine(shown(rendered))).toBe(oneLine(`${attack} [1]`))
  })

  test('whatever it is, it is shown as it is', () => {
    const sign = fc.constantFrom(...'\\`*_{}[]<>()#+-.!|~&:=$"\'@/ \n\t1a', 'http://', 'www.', 'x@y.z')
    const text = fc.oneof(
      fc.array(sign, { maxLength: 30 }).map((signs) => signs.join('')),
      fc.string({ unit: 'grapheme' }),
    )
    fc.assert(
      fc.property(text, (value) => {
        const rendered = html(`> ${plainMarkdown(value)} [1]`)
        expect(tags(rendered)).toEqual([])
        expect(oneLine(shown(rendered))).toBe(oneLine(`${value} [1]`))
      }),
      { numRuns: 1_000 },
    )
  })

  test('in a title as well', async () => {
    const hostile = message('”** [x](https://evil.example) <b>', 'The zeppelin leaves at noon.')
    const rendered = html(textOf(await ask('zeppelin', hostile)))
    expect(tags(rendered).sort()).toEqual(['em', 'strong'])
    expect(shown(rendered)).toContain('From your chat “”** [x](https://evil.example) <b>”')
  })
})

describe('cutting text', () => {
  test('lists, headings and quotations stand alone; wrapped lines are one paragraph', () => {
    const text = '# Plan\nWe meet\non Monday.\n\n- first\n- second\n  goes on\n> said\n1. one\n```js\ncode()\n```\n| a | b |'
    expect(paragraphsOf(text)).toEqual(['Plan', 'We meet on Monday.', 'first', 'second goes on', 'said', '1. one', 'code()', '| a | b |'])
  })

  test('every piece is short, not empty, and well-formed, whatever the text', () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom('a', ' ', '.', '\n', '😀', '- ', '日'), minLength: 0, maxLength: 3_000 }), (text) => {
        for (const piece of paragraphsOf(text).flatMap(sentencesOf)) {
          expect(piece.length > 0 && piece.length <= LONGEST_QUOTE && piece.isWellFormed()).toBe(true)
        }
      }),
      { numRuns: 300 },
    )
  })
})

describe('as a model', () => {
  const run = async (question: string, passages: Passage[], signal = new AbortController().signal) => {
    const deltas: string[] = []
    const citations: unknown[] = []
    const asked: string[] = []
    const model = librarianModel({
      retrieve: async (text) => {
        asked.push(text)
        return passages
      },
    })
    const messages = [
      { role: 'user', text: 'an earlier question' },
      { role: 'assistant', text: 'an earlier answer' },
      { role: 'user', text: question },
    ] as const
    const answered = await streamAnswer({
      model,
      messages,
      signal,
      onText: (delta) => deltas.push(delta),
      onCitation: (citation) => citations.push(citation),
      firstTokenTimeoutMs: 1_000,
      totalTimeoutMs: 2_000,
    })
    return { text: deltas.join(''), deltas, citations, asked, answered }
  }

  test('it streams in pieces, with its citations, through the same reader as every other model', async () => {
    const { text, deltas, citations, asked, answered } = await run('What is the Q1 budget?', [BUDGET])
    expect(asked).toEqual(['What is the Q1 budget?'])
    expect(text).toBe(textOf(await ask('What is the Q1 budget?', BUDGET)))
    expect(deltas.length).toBeGreaterThan(5)
    expect(citations).toEqual(citationsOf(await ask('What is the Q1 budget?', BUDGET)))
    expect(answered).toEqual({ finish: 'complete' })
  })

  test('it can be stopped', async () => {
    const reason = new Error('stopped')
    await expect(run('What is the Q1 budget?', [BUDGET], AbortSignal.abort(reason))).rejects.toBe(reason)
  })

  test('it is offered as what it is', () => {
    expect(LIBRARIAN).toMatchObject({ id: 'librarian', name: 'Librarian, search only', runsHere: true, builtIn: true })
  })
})
