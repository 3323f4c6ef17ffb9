/**
 * Every sentence of the interface, by key. `{name}` is filled in; a message with `one` and `other` is chosen by `count`.
 * Keys and the values they need are checked by the compiler.
 */
import { chats } from './en/chats.ts'
import { developers } from './en/developers.ts'
import { entry } from './en/entry.ts'
import { models } from './en/models.ts'
import { people } from './en/people.ts'
import { shell } from './en/shell.ts'

type Message = string | { readonly one: string; readonly other: string }

const catalogue = { ...shell, ...entry, ...chats, ...models, ...people, ...developers } as const satisfies Record<string, Message>
type Catalogue = typeof catalogue

/** The key of a message. */
export type TextKey = keyof Catalogue

type Names<S> = S extends `${string}{${infer Name}}${infer Rest}` ? Name | Names<Rest> : never
type Template<M> = M extends { readonly other: infer O } ? O : M
type Values<K extends TextKey> = Catalogue[K] extends string
  ? Record<Names<Catalogue[K]>, string | number>
  : Record<Names<Template<Catalogue[K]>> | 'count', string | number>

/** Names the field of a request as the forms do; `path` may go on into the field. */
export function fieldName(path: string): string {
  const key = `field.${path.split('.')[0]}`
  return key in catalogue ? t(key as 'field.other') : t('field.other')
}

const LOCALE = 'en'
const plural = new Intl.PluralRules(LOCALE)
const number = new Intl.NumberFormat(LOCALE)

/** Gives the message in words, with its values filled in and its numbers formatted. */
export function t<K extends TextKey>(
  key: K,
  ...[values]: string extends keyof Values<K> ? [] : [keyof Values<K>] extends [never] ? [] : [Values<K>]
): string {
  const given = (values ?? {}) as Record<string, string | number>
  const message: Message = catalogue[key]
  const template = typeof message === 'string' ? message : plural.select(Number(given.count)) === 'one' ? message.one : message.other
  return template.replace(/\{(\w+)\}/g, (_, name: string) => {
    const value = given[name] ?? ''
    return typeof value === 'number' ? number.format(value) : value
  })
}
