/** What a tree of messages is to one person: who follows whom, what was chosen at each fork, and where the branch shown last ends. */
import type { PathMessage } from '#contract/chats.ts'

/** What a path says of a message, without its text. */
export interface Shown {
  readonly id: string
  readonly depth: number
  readonly versions: PathMessage['versions']
}

export const shownOf = ({ id, depth, versions }: PathMessage): Shown => ({ id, depth, versions })

export class TreeModel {
  readonly #parents = new Map<string, string | null>()
  readonly #choices = new Map<string | null, string>()
  #leaf: string | null = null
  readonly questions: string[] = []

  get messages(): readonly string[] {
    return [...this.#parents.keys()]
  }

  get answers(): readonly string[] {
    return this.messages.filter((id) => !this.questions.includes(id))
  }

  parentOf(id: string): string | null {
    return this.#parents.get(id) ?? null
  }

  /** A question and its answer, or another answer to a question that is there: its branch is the one shown. */
  add(question: { id: string; parentId: string | null }, answerId: string): void {
    if (!this.#parents.has(question.id)) {
      this.#parents.set(question.id, question.parentId)
      this.questions.push(question.id)
    }
    this.#parents.set(answerId, question.id)
    this.#show(answerId)
  }

  choose(id: string): void {
    this.#show(this.#leafBelow(id))
  }

  /** The branch shown last, or the one through a message; the deepest first. */
  path(through: string | null = this.#leaf): Shown[] {
    return through === null ? [] : this.#up(this.#leafBelow(through)).map((id) => this.#shown(id))
  }

  #show(leaf: string): void {
    this.#leaf = leaf
    for (const id of this.#up(leaf)) if (this.#following(this.parentOf(id)).length > 1) this.#choices.set(this.parentOf(id), id)
  }

  #leafBelow(id: string): string {
    const next = this.#choices.get(id) ?? this.#following(id).at(-1)
    return next === undefined ? id : this.#leafBelow(next)
  }

  #up(id: string): string[] {
    const parent = this.parentOf(id)
    return parent === null ? [id] : [id, ...this.#up(parent)]
  }

  #following(id: string | null): string[] {
    return this.messages.filter((each) => this.parentOf(each) === id).sort()
  }

  #shown(id: string): Shown {
    const all = this.#following(this.parentOf(id))
    const index = all.indexOf(id)
    const versions = { number: index + 1, total: all.length, previousId: all[index - 1] ?? null, nextId: all[index + 1] ?? null }
    return { id, depth: this.#up(id).length - 1, versions: versions as Shown['versions'] }
  }
}
