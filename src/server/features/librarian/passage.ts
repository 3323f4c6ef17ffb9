/** What the Librarian may quote. The caller hands over only what the asking person can read. */
import type { Source } from '#contract/source.ts'

export interface Passage {
  readonly source: Source
  readonly title: string
  readonly text: string
  /** How well the search thought it fits; decides between passages that fit equally well here. */
  readonly score: number
  /** RFC 3339. */
  readonly timeCreated?: string
}
