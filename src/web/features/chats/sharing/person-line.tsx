/** Somebody who can read a chat, or will: picture, name, address, and what can be done about it. */
import type { ReactNode } from 'react'
import { pictureOf } from '#web/kernel/preferences.ts'
import { Portrait } from '#web/ui/portrait.tsx'

interface PersonLineProps {
  person: { readonly id: string; readonly name: string; readonly email: string; readonly picture: string | null }
  /** The name as it is to be said here. */
  name?: string
  note?: string
  children?: ReactNode
}

/** A line of a list of people. */
export function PersonLine({ person, name = person.name, note, children }: PersonLineProps) {
  return (
    <span className="flex min-h-11 min-w-0 flex-1 items-center gap-3 py-1">
      <Portrait name={person.name} source={pictureOf(person)} size="small" />
      <span className="min-w-0 flex-1">
        <span className="block truncate font-medium">{name}</span>
        <span className="block truncate text-small text-muted" title={person.email}>
          {note ? `${person.email} · ${note}` : person.email}
        </span>
      </span>
      {children}
    </span>
  )
}
