/** One endpoint: what it does in a line; what it takes, gives and fails with, when opened. */
import type { ReactNode } from 'react'
import { Icon } from '#web/ui/icon.tsx'
import { type Content, type Entry, meaningOf, type Row, rowsOf, typeOf } from './openapi.ts'
import { t } from './text.ts'

/** An endpoint that can be opened. */
export function EndpointEntry({ entry }: { entry: Entry }) {
  return (
    <details id={entry.operationId} className="group">
      <summary className="flex min-h-11 list-none flex-wrap items-baseline gap-x-3 px-4 py-2.5 hover:bg-hover focus-visible:-outline-offset-2 [&::-webkit-details-marker]:hidden">
        <span className="w-14 flex-none font-mono text-small font-strong text-accent">{entry.method}</span>
        <span className="min-w-0 font-mono text-small wrap-anywhere">{entry.path}</span>
        <span className="flex-1" />
        <span className="text-small text-muted">{t(`developers.${entry['x-access']}`)}</span>
        <Icon name="down" size={14} className="translate-y-0.5 text-muted transition-transform group-open:rotate-180" />
        <span className="w-full text-base desk:pl-[68px]">{entry.summary.replaceAll('`', '')}</span>
      </summary>
      <div className="border-t border-line bg-ground px-4 pt-4 pb-1 desk:pl-[84px]">
        <Details entry={entry} />
      </div>
    </details>
  )
}

function Details({ entry }: { entry: Entry }) {
  const parameters = (where: 'path' | 'query') =>
    (entry.parameters ?? [])
      .filter((parameter) => parameter.in === where)
      .map(({ name, required, schema }): Row => ({ path: name, type: typeOf(schema), required, meaning: meaningOf(schema) }))
  const responses = Object.entries(entry.responses)
  const [status, success] = responses.find(([code]) => code.startsWith('2')) ?? ['', undefined]
  const body = entry.requestBody?.content['application/json']?.schema
  return (
    <>
      <Fields title={t('developers.path')} rows={parameters('path')} />
      <Fields title={t('developers.query')} rows={parameters('query')} />
      {body && <Fields title={t('developers.body')} rows={rowsOf(body)} />}
      {success?.['x-events'] ? (
        Object.entries(success['x-events']).map(([name, schema]) => (
          <Fields key={name} title={`${t('developers.events')}: ${name}`} rows={rowsOf(schema)} />
        ))
      ) : (
        <Reply status={status} content={success?.content} />
      )}
      <Part title={t('developers.failures')}>
        <Failures responses={responses.filter(([code]) => !/^[23]/.test(code))} />
      </Part>
    </>
  )
}

function Reply({ status, content = {} }: { status: string; content: Content | undefined }) {
  const title = `${t('developers.reply')} ${status}`
  const schema = content['application/json']?.schema
  if (!schema) return <Part title={title}>{Object.keys(content).join(', ') || t('developers.nothing')}</Part>
  return <Fields title={title} rows={rowsOf(schema)} />
}

function Fields({ title, rows }: { title: string; rows: readonly Row[] }) {
  if (rows.length === 0) return null
  return (
    <Part title={title}>
      <table className="w-full text-small">
        <thead className="sr-only">
          <tr>
            <th>{t('developers.field')}</th>
            <th>{t('developers.type')}</th>
            <th>{t('developers.meaning')}</th>
          </tr>
        </thead>
        <tbody>
          {rows.map((row) => (
            <tr key={row.path} className="border-t border-line align-top first:border-0 max-desk:block max-desk:py-1.5">
              <td className="py-1 pr-4 font-mono wrap-anywhere max-desk:block max-desk:py-0 desk:w-[34%]">
                {row.path}
                {!row.required && <span className="font-sans text-muted"> {t('developers.optional')}</span>}
              </td>
              <td className="py-1 pr-4 wrap-anywhere max-desk:block max-desk:py-0 desk:w-[30%]">{row.type}</td>
              <td className="py-1 text-muted wrap-anywhere max-desk:block max-desk:py-0">{row.meaning}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </Part>
  )
}

/** Descriptions of failures hold a line for each code: `code`: sentence. */
function Failures({ responses }: { responses: readonly (readonly [string, { readonly description: string }])[] }) {
  const lines = responses.flatMap(([status, { description }]) =>
    description.split('\n').map((line) => [status, ...line.replaceAll('`', '').split(': ')] as const),
  )
  return (
    <ul className="text-small">
      {lines.map(([status, code, ...sentence]) => (
        <li key={code} className="flex flex-wrap gap-x-3 border-t border-line py-1 first:border-0">
          <span className="text-muted tabular-nums">{status}</span>
          <code className="font-mono">{code}</code>
          <span className="text-muted">{sentence.join(': ')}</span>
        </li>
      ))}
    </ul>
  )
}

function Part({ title, children }: { title: string; children: ReactNode }) {
  return (
    <section className="mb-4">
      <h3 className="mb-1 text-small font-medium text-muted">{title}</h3>
      {children}
    </section>
  )
}
