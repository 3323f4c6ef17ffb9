/**
 * Where formulas begin and end, for micromark: `$…$`, `$$…$$`, `\(…\)` and `\[…\]`, within a line and as blocks of their own.
 * None spans a blank line, so that what is cut there (`blocks.ts`) is cut right. A price is none: a single dollar opens only
 * before something other than a space, and closes only behind such a thing and not before a digit.
 */
import type { Code, Construct, Extension, State, Token, TokenizeContext, Tokenizer } from 'micromark-util-types'

declare module 'micromark-util-types' {
  interface TokenTypeMap {
    maths: 'maths'
    mathsData: 'mathsData'
  }
}

const DOLLAR = 36
const BACKSLASH = 92
const SQUARE = 91
const CLOSES: ReadonlyMap<Code, number> = new Map([
  [40, 41],
  [SQUARE, 93],
])

const isEol = (code: Code) => code !== null && code < -2
const isSpace = (code: Code) => code === null || code < 0 || code === 32
const isDigit = (code: Code) => code !== null && code >= 48 && code <= 57
const isWord = (code: Code) => isDigit(code) || (code !== null && (code | 32) >= 97 && (code | 32) <= 122)

type Where = 'text' | 'flow'

/** By what a tokenizer has read, up to where an opener has found no closer; others like it need not look again. */
const hopeless = new WeakMap<object, Map<string, number>>()

/** The syntax; with `growing`, what has no end yet is a formula too, except behind a single dollar. */
export function mathsSyntax(growing: boolean): Extension {
  const inText: Construct = { name: 'maths', tokenize: tokenizer('text', growing) }
  const inFlow: Construct = { name: 'maths', tokenize: tokenizer('flow', growing), concrete: true }
  return {
    text: { [DOLLAR]: { ...inText, previous: (code) => code !== DOLLAR && !isWord(code) }, [BACKSLASH]: inText },
    flow: { [DOLLAR]: inFlow, [BACKSLASH]: inFlow },
  }
}

function tokenizer(where: Where, growing: boolean): Tokenizer {
  return function tokenize(effects, ok, nok) {
    const reader = new Reader(this)
    let whole: Token
    return start

    function start(code: Code): State | undefined {
      whole = effects.enter('maths')
      effects.enter('mathsData')
      return opener(code)
    }
    function opener(code: Code): State | undefined {
      const next = reader.open(code, where)
      if (next === 'none') return nok(code)
      if (next === 'inside') return reader.isHopeless ? nok(code) : inside(code)
      effects.consume(code)
      return opener
    }
    function inside(code: Code): State | undefined {
      if (code === null) return unclosed(code)
      if (isEol(code)) return effects.check(goesOn, eol, unclosed)(code)
      const isLast = reader.read(code)
      effects.consume(code)
      return isLast ? closed : inside
    }
    function eol(code: Code): State {
      effects.exit('mathsData')
      effects.enter('lineEnding')
      effects.consume(code)
      effects.exit('lineEnding')
      return lineStart
    }
    function lineStart(code: Code): State | undefined {
      effects.enter('mathsData')
      return inside(code)
    }
    function closed(code: Code): State | undefined {
      if (where === 'text') return reader.mayEnd(code, whole) ? end(code) : nok(code)
      if (code === null || isEol(code)) return end(code)
      if (!isSpace(code)) return nok(code)
      effects.consume(code)
      return closed
    }
    function unclosed(code: Code): State | undefined {
      if (!growing || reader.isSingle) {
        reader.giveUp()
        return nok(code)
      }
      whole._open = true
      return end(code)
    }
    function end(code: Code): State | undefined {
      effects.exit('mathsData')
      effects.exit('maths')
      return ok(code)
    }
  }
}

/** Knows, character by character, whether a formula has been opened and closed. */
class Reader {
  readonly #context: TokenizeContext
  #first: Code = null
  #closer: number | null = null
  #dollars = 0
  #last: Code = null
  /** Whether the character before is a backslash, or the first of two dollars, that stands for nothing by itself. */
  #escapes = false
  #half = false

  constructor(context: TokenizeContext) {
    this.#context = context
  }

  get isSingle(): boolean {
    return this.#dollars === 1
  }

  get #kind(): string {
    return `${this.#dollars} ${this.#closer}`
  }

  /** Whether one that opened before has looked for the same closer, and there was none. */
  get isHopeless(): boolean {
    const until = hopeless.get(this.#context.events)?.get(this.#kind) ?? 0
    return this.#context.now().offset < until
  }

  /** Remembers that there is no closer up to here. */
  giveUp(): void {
    const { events } = this.#context
    hopeless.set(events, (hopeless.get(events) ?? new Map()).set(this.#kind, this.#context.now().offset))
  }

  /** Takes the opener; tells whether there may be more of it, whether it is behind us, or whether it is none. */
  open(code: Code, where: Where): 'more' | 'inside' | 'none' {
    if (this.#first === null) {
      this.#first = code
      this.#dollars = code === DOLLAR ? 1 : 0
      return 'more'
    }
    if (this.#first === BACKSLASH) return this.#openBracket(code, where)
    if (code === DOLLAR) {
      this.#dollars += 1
      return this.#dollars > 2 ? 'none' : 'more'
    }
    if (this.#dollars === 2) return 'inside'
    return where === 'flow' || isSpace(code) ? 'none' : 'inside'
  }

  #openBracket(code: Code, where: Where): 'more' | 'inside' | 'none' {
    if (this.#closer !== null) return 'inside'
    this.#closer = CLOSES.get(code) ?? null
    return this.#closer === null || (where === 'flow' && code !== SQUARE) ? 'none' : 'more'
  }

  /** Takes a character of the formula; tells whether it closes it. */
  read(code: Code): boolean {
    const dollar = code === DOLLAR && !this.#escapes
    const closes = this.#closer !== null ? this.#escapes && code === this.#closer : dollar && (this.isSingle || this.#half)
    this.#half = dollar
    this.#escapes = code === BACKSLASH && !this.#escapes
    if (!closes) this.#last = code
    return closes
  }

  /** Whether it may end before this character, and looks like a formula as a whole. */
  mayEnd(next: Code, whole: Token): boolean {
    if (this.#dollars === 2) return true
    const text = this.#context.sliceSerialize({ ...whole, end: this.#context.now() })
    if (this.#closer !== null) return !/^\\\[\w*\\\]$/.test(text)
    if (isSpace(this.#last) || isDigit(next) || (isWord(next) && /[^\w)}\]'|]\$$/.test(text))) return false
    return !/^\$\d[^\\^_=]*\s[a-z]{2,}/i.test(text)
  }
}

/** A line that belongs to the same block and isn't blank. */
const goesOn: Construct = {
  partial: true,
  tokenize(effects, ok, nok) {
    const context = this
    return (code) => {
      effects.enter('lineEnding')
      effects.consume(code)
      effects.exit('lineEnding')
      return start
    }
    function start(code: Code): State | undefined {
      if (context.parser.lazy[context.now().line]) return nok(code)
      effects.enter('linePrefix')
      return prefix(code)
    }
    function prefix(code: Code): State | undefined {
      if (code === null || isEol(code)) return nok(code)
      effects.consume(code)
      return isSpace(code) ? prefix : ok
    }
  },
}
