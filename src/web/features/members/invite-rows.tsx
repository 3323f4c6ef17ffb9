/** Lines of a list of people, as a table where there is room for one, and under one another where there isn't. */
import { classes } from '#web/ui/class-names.ts'
import { t } from './text.ts'

export interface ListedRow {
  readonly key: string
  readonly line: number | null
  readonly name: string
  readonly email: string
  readonly role: string
  readonly isWrong: boolean
  readonly words: string
}

const CELL = '@max-2xl:block @max-2xl:px-4 @max-2xl:py-0 px-3 py-2 align-top first:pl-4 last:pr-4'

/** The table. */
export function Rows({ label, rows }: { label: string; rows: readonly ListedRow[] }) {
  const heads = [t('many.line'), t('people.name'), t('people.email'), t('people.role'), t('many.what')]
  return (
    <div className="@container overflow-hidden rounded-panel border border-line bg-surface">
      <table aria-label={label} className="w-full border-collapse text-small tabular-nums @max-2xl:block">
        <thead className="@max-2xl:sr-only">
          <tr className="text-left">
            {heads.map((head) => (
              <th key={head} scope="col" className={classes(CELL, 'font-strong text-muted')}>
                {head}
              </th>
            ))}
          </tr>
        </thead>
        <tbody className="@max-2xl:block">
          {rows.map(({ key, line, name, email, role, isWrong, words }) => (
            <tr key={key} className="border-t border-line @max-2xl:block @max-2xl:py-2 @max-2xl:first:border-t-0">
              <td className={classes(CELL, 'text-muted')}>
                <span className="@2xl:hidden">{t('many.line')} </span>
                {line}
              </td>
              <td className={classes(CELL, 'font-medium wrap-anywhere')}>{name}</td>
              <td className={classes(CELL, 'wrap-anywhere')}>{email}</td>
              <td className={CELL}>{role === 'admin' ? t('people.admin') : role === 'user' ? t('people.user') : role}</td>
              <td className={classes(CELL, isWrong ? 'text-danger' : 'text-muted')}>{words}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  )
}
