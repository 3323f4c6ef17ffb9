/** Calls a model server as it is entered, says what came back, and offers the models that it names. */
import { useMutation } from '@tanstack/react-query'
import { call } from '#web/kernel/api.ts'
import type { Given, Reply } from '#web/kernel/endpoints.ts'
import { Button } from '#web/ui/button.tsx'
import { FailureNotice, Notice } from '#web/ui/notice.tsx'
import { t } from './text.ts'

interface ProviderTestProps {
  /** The server as it is entered. */
  server: Given<'providers.test'>['body']
  chosen: readonly string[]
  onChoose: (names: string[]) => void
  /** Called when the server answered as it should. */
  onGood: () => void
}

/** The button, and below it what the test found. */
export function ProviderTest({ server, chosen, onChoose, onGood }: ProviderTestProps) {
  const test = useMutation({
    mutationFn: () => call('providers.test', { body: { ...server, ...(chosen[0] !== undefined && { model: chosen[0] }) } }),
    onSuccess: ({ ok }) => ok && onGood(),
  })
  const toggle = (name: string, on: boolean) => onChoose(on ? [...chosen, name] : chosen.filter((other) => other !== name))
  return (
    <div className="mb-4">
      <Button busy={test.isPending} disabled={!server.baseUrl?.trim()} onClick={() => test.mutate()}>
        {test.isPending ? t('models.testing') : t('models.test')}
      </Button>
      <div aria-live="polite" className="mt-3 empty:hidden">
        {test.error && <FailureNotice error={test.error} />}
        {test.data && !test.isPending && <Outcome result={test.data} chosen={chosen} onToggle={toggle} />}
      </div>
    </div>
  )
}

interface OutcomeProps {
  result: Reply<'providers.test'>
  chosen: readonly string[]
  onToggle: (name: string, on: boolean) => void
}

function Outcome({ result, chosen, onToggle }: OutcomeProps) {
  return (
    <>
      <Notice tone={result.ok ? 'plain' : 'failed'}>
        <span className="font-medium">{result.ok ? t('models.testOk', { count: result.latencyMs }) : t('models.testFailed')}</span>
        <span className="block wrap-anywhere text-muted">{result.sentence}</span>
      </Notice>
      {result.models.length > 0 && (
        <fieldset className="mt-3">
          <legend className="mb-1 text-small text-muted">{t('models.offered')}</legend>
          <div className="max-h-56 overflow-y-auto rounded-control border border-line bg-surface py-1">
            {result.models.map((name) => (
              <label key={name} className="flex min-h-11 items-center gap-2.5 px-3 hover:bg-hover desk:min-h-8">
                <input
                  type="checkbox"
                  checked={chosen.includes(name)}
                  onChange={({ target }) => onToggle(name, target.checked)}
                  className="size-4 accent-accent"
                />
                <span className="font-mono text-small wrap-anywhere">{name}</span>
              </label>
            ))}
          </div>
        </fieldset>
      )}
    </>
  )
}
