/** Reading the parts of a message. Pure. */
import type { Citation, Message, Part } from '#contract/chats.ts'

export type FailurePart = Extract<Part, { type: 'failure' }>

/** Gives all text of the message. */
export function textOf({ parts }: Pick<Message, 'parts'>): string {
  return parts.map((part) => (part.type === 'text' ? part.text : '')).join('')
}

/** Gives the citations of the message, by number. */
export function citationsOf({ parts }: Pick<Message, 'parts'>): Citation[] {
  return parts.filter((part) => part.type === 'citation').sort((a, b) => a.number - b.number)
}

/** Gives what went wrong, if something did. */
export function failureOf({ parts }: Pick<Message, 'parts'>): FailurePart | undefined {
  return parts.find((part) => part.type === 'failure')
}

/** Counts words as people do, near enough for an announcement. */
export function countWords(text: string): number {
  return text.split(/\s+/).filter((word) => /[\p{L}\p{N}]/u.test(word)).length
}
