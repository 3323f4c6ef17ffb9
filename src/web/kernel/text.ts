/**
 * The sentences of the interface, by key. `{name}` is filled in; a message with `one` and `other` is chosen by `count`.
 * Keys and the values they need are checked by the compiler. Pages that are fetched when opened may bring sentences of their own.
 */
import { chats } from './en/chats.ts'
import { entry } from './en/entry.ts'
import { models } from './en/models.ts'
import { shell } from './en/shell.ts'

type Message = string | { readonly one: string; readonly other: string }

/** The sentences that are there from the start. */
export const common = { ...shell, ...entry, ...chats, ...models } as const satisfies Record<string, Message>

/** The key of a message. */
export type TextKey = keyof typeof common

type Names<S> = S extends `${string}{${infer Name}}${infer Rest}` ? Name | Names<Rest> : never
type Template<M> = M extends { readonly other: infer O } ? O : M
type Values<M> = M extends string ? Record<Names<M>, string | number> : Record<Names<Template<M>> | 'count', string | number>
type Given<V> = string extends keyof V ? [] : [keyof V] extends [never] ? [] : [V]

/** Gives a message in words, with its values filled in and its numbers formatted. */
export type Speech<C> = <K extends keyof C>(key: K, ...given: Given<Values<C[K]>>) => string

/** Names the field of a request as the forms do; `path` may go on into the field. */
export function fieldName(path: string): string {
  const key = `field.${path.split('.')[0]}`
  return key in common ? t(key as 'field.other') : t('field.other')
}

const LOCALE = 'en'
const plural = new Intl.PluralRules(LOCALE)
const number = new Intl.NumberFormat(LOCALE)

/** Makes the function that says the messages of this catalogue. */
export function speaking<C extends Record<keyof C, Message>>(catalogue: C): Speech<C> {
  return (key, ...[values]) => {
    const given = (values ?? {}) as Record<string, string | number>
    const message: Message = catalogue[key]
    const template = typeof message === 'string' ? message : plural.select(Number(given.count)) === 'one' ? message.one : message.other
    return template.replace(/\{(\w+)\}/g, (_, name: string) => {
      const value = given[name] ?? ''
      return typeof value === 'number' ? number.format(value) : value
    })
  }
}

/** Says the messages that are there from the start. */
export const t = speaking(common)
