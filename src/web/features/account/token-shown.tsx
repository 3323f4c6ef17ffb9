/** A new API token, in the only moment in which it is known, with a command to try it. It stays until the person says that they have it. */
import { useEffect, useRef } from 'react'
import type { Reply } from '#web/kernel/endpoints.ts'
import { Button } from '#web/ui/button.tsx'
import { CopyButton, CopyIcon } from '#web/ui/copy-button.tsx'
import { t } from './text.ts'

/** The token and what to do with it. */
export function TokenShown({ made, onDone }: { made: Reply<'tokens.create'>; onDone: () => void }) {
  const { token, apiToken } = made
  const title = useRef<HTMLHeadingElement>(null)
  useEffect(() => title.current?.focus(), [])
  const command = commandFor(token, apiToken.abilities)
  return (
    <section aria-labelledby="token-shown" className="mb-6 rounded-panel border border-l-3 border-line border-l-accent bg-surface p-5">
      <h3 ref={title} id="token-shown" tabIndex={-1} className="mb-1 font-strong outline-none">
        {t('tokens.shownTitle', { name: apiToken.name })}
      </h3>
      <p className="mb-3 max-w-[64ch] text-muted">{t('tokens.shownLead')}</p>
      <p className="mb-3">
        <span className="sr-only">{t('tokens.secret')} </span>
        <code className="block rounded-control border border-control bg-sunken px-3 py-2 font-mono text-small break-all select-all">
          {token}
        </code>
      </p>
      <div className="mb-5 flex flex-wrap gap-2">
        <CopyButton label={t('tokens.copy')} text={() => token} />
        <Button onClick={onDone}>{t('tokens.stored')}</Button>
      </div>
      <div className="flex items-center justify-between gap-3">
        <h4 className="text-small font-medium text-muted">{t('tokens.try')}</h4>
        <CopyIcon label={t('tokens.copyCommand')} text={() => command} />
      </div>
      <pre className="rounded-control bg-sunken px-3 py-2.5 font-mono text-small break-all whitespace-pre-wrap">{command}</pre>
    </section>
  )
}

/** What the token is for decides what it can be tried on: a token that only administers reaches no chat. */
function commandFor(token: string, abilities: readonly string[]): string {
  const path = abilities.some((ability) => ability !== 'admin') ? '/api/chats' : '/api/sessions'
  return `curl --header 'Authorization: Bearer ${token}' \\\n  ${location.origin}${path}`
}
