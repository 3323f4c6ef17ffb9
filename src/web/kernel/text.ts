/**
 * Every sentence of the interface, by key. `{name}` is filled in; a message with `one` and `other` is chosen by `count`.
 * Keys and the values they need are checked by the compiler. What only some pages say is fetched with them: see `textOf`.
 */
import { chats } from './en/chats.ts'
import { shell } from './en/shell.ts'

type Message = string | { readonly one: string; readonly other: string }
type Catalogue = Readonly<Record<string, Message>>

const everywhere = { ...shell, ...chats } as const satisfies Catalogue
type Everywhere = typeof everywhere

/** The key of a message that every page has. */
export type TextKey = keyof Everywhere

type Names<S> = S extends `${string}{${infer Name}}${infer Rest}` ? Name | Names<Rest> : never
type Template<M> = M extends { readonly other: infer O } ? O : M
type Values<M> = M extends string ? Record<Names<M>, string | number> : Record<Names<Template<M>> | 'count', string | number>
/** Of each message by itself, where the key may be one of several. */
type Given<M> = M extends Message ? (string extends keyof Values<M> ? [] : [keyof Values<M>] extends [never] ? [] : [Values<M>]) : never

/** Says the messages that every page has, and those of `Own`. */
export type Text<Own extends Catalogue> = <K extends keyof (Everywhere & Own) & string>(
  key: K,
  ...[values]: Given<(Everywhere & Own)[K]>
) => string

const LOCALE = 'en'
const plural = new Intl.PluralRules(LOCALE)
const number = new Intl.NumberFormat(LOCALE)

/** Gives the message in words, with its values filled in and its numbers formatted. */
export const t: Text<typeof everywhere> = textOf(everywhere)

/** Gives `t` for pages with messages of their own, beside those that every page has. */
export function textOf<const Own extends Catalogue>(own: Own): Text<Own> {
  const catalogue: Catalogue = { ...everywhere, ...own }
  return (key, ...[values]) => {
    const given = (values ?? {}) as Record<string, string | number>
    const message = catalogue[key] as Message
    const template = typeof message === 'string' ? message : plural.select(Number(given.count)) === 'one' ? message.one : message.other
    return template.replace(/\{(\w+)\}/g, (_, name: string) => {
      const value = given[name] ?? ''
      return typeof value === 'number' ? number.format(value) : value
    })
  }
}

/** Names the field of a request as the forms do; `path` may go on into the field. */
export function fieldName(path: string): string {
  const key = `field.${path.split('.')[0]}`
  return key in everywhere ? t(key as 'field.other') : t('field.other')
}
