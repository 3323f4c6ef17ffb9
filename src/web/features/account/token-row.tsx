/** One API token; of the secret itself only its beginning is known. */
import type { Ability } from '#contract/endpoint.ts'
import { sayAgo, sayDay } from '#web/kernel/moments.ts'
import { Button } from '#web/ui/button.tsx'
import { DeviceIcon } from './device-icon.tsx'
import type { ApiToken } from './queries.ts'
import { t } from './text.ts'

const SOON_MS = 7 * 86_400_000
const list = new Intl.ListFormat('en-GB', { type: 'conjunction' })

/** Names what a token may do: “read and chat”. */
function abilitiesInWords(abilities: readonly Ability[]): string {
  return list.format(abilities.map((ability) => t(`tokens.can.${ability}`)))
}

/** A row of the list; what ends soon says so in colour, too. */
export function TokenRow({ token, now, onRevoke }: { token: ApiToken; now: Date; onRevoke: () => void }) {
  const endsSoon = new Date(token.endsAt).getTime() - now.getTime() < SOON_MS
  return (
    <li className="grid grid-cols-[auto_minmax(0,1fr)_auto] items-center gap-x-4 px-4 py-3.5 desk:gap-x-5 desk:px-5">
      <DeviceIcon device={token.name} isToken />
      <p className="min-w-0 font-strong wrap-anywhere">{token.name}</p>
      <Button
        onClick={onRevoke}
        aria-label={t('tokens.revokeNamed', { name: token.name })}
        className="desk:col-start-3 desk:row-span-2 desk:row-start-1"
      >
        {t('tokens.revoke')}
      </Button>
      <div className="col-[2/-1] text-muted desk:col-[2/3]">
        <p>
          <code className="font-mono text-small">{token.prefix}…</code>
          {`\u00a0· ${t('tokens.may', { what: abilitiesInWords(token.abilities) })}`}
        </p>
        <p>
          {sayUse(token, now)}
          {'\u00a0· '}
          <span className={endsSoon ? 'font-medium text-warn' : ''}>{t('tokens.ends', { when: sayDay(token.endsAt, now) })}</span>
        </p>
      </div>
    </li>
  )
}

function sayUse({ usedAt, usedFrom }: ApiToken, now: Date): string {
  if (usedAt === null) return t('tokens.unused')
  const when = sayAgo(usedAt, now)
  return usedFrom === null ? t('tokens.used', { when }) : t('tokens.usedFrom', { when, address: usedFrom })
}
