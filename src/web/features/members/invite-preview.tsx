/** What was read of a list of people, with what is wrong in which line; that comes first. */

import { Rows } from './invite-rows.tsx'
import type { ReadPerson } from './read-people.ts'
import { t } from './text.ts'

/** As many lines without a fault as are shown: more say nothing new. */
const MOST_SHOWN = 50

interface PreviewProps {
  people: readonly ReadPerson[]
  /** Who is here already, by address, and whether they have joined. */
  known: ReadonlyMap<string, boolean>
}

/** How many can be invited, and the lines. */
export function InvitePreview({ people, known }: PreviewProps) {
  const wrong = people.filter((person) => person.wrong.length > 0)
  const good = people.filter((person) => person.wrong.length === 0)
  const here = good.filter(({ email }) => known.has(email))
  const left = good.length - here.length
  const shown = [...wrong, ...good.slice(0, MOST_SHOWN)]
  return (
    <section aria-label={t('many.table')} className="mb-5">
      <p role="status" className="mb-2">
        {left > 0 ? t('many.found', { count: left }) : t('many.none')} {here.length > 0 && t('many.known', { count: here.length })}{' '}
        {wrong.length > 0 && <span className="text-danger">{t('many.wrong', { count: wrong.length })}</span>}
      </p>
      <Rows
        label={t('many.table')}
        rows={shown.map((person) => ({
          key: `${person.line} ${person.email} ${person.wrong.length}`,
          line: person.line,
          name: person.name,
          email: person.email,
          role: person.role,
          isWrong: person.wrong.length > 0,
          words: person.wrong.map(sayWrong).join(', ') || sayKnown(known.get(person.email)),
        }))}
      />
      {good.length > MOST_SHOWN && <p className="mt-2 text-small text-muted">{t('many.more', { count: good.length - MOST_SHOWN })}</p>}
    </section>
  )
}

function sayKnown(joined: boolean | undefined): string {
  if (joined === undefined) return t('many.ok')
  return t(joined ? 'many.joined' : 'many.waits')
}

function sayWrong({ field, message }: ReadPerson['wrong'][number]): string {
  if (field === 'twice') return t('many.twice')
  return field === 'role' ? t('many.field.role') : t(`many.field.${field}`, { what: message })
}
