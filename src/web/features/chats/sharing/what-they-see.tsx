/** What those with whom a chat is shared will see of it, and what they will not. */
import { useQuery } from '@tanstack/react-query'
import type { ReactNode } from 'react'
import type { Chat } from '#contract/chats.ts'
import type { QuotedChat } from '#contract/sharing.ts'
import { modelsQuery } from '#web/features/models/queries.ts'
import { Icon, type IconName } from '#web/ui/icon.tsx'
import { t } from './text.ts'

/** A list of sentences. */
export function WhatTheySee({ chat, quoted }: { chat: Chat; quoted: readonly QuotedChat[] }) {
  const model = useQuery(modelsQuery).data?.find(({ id }) => id === chat.model)
  return (
    <section className="mb-5">
      <h3 className="mb-1.5 font-medium">{t('share.sees')}</h3>
      <ul className="space-y-1.5 text-small">
        <Line icon="eye">{t('share.seesAll')}</Line>
        {quoted.length > 0 && (
          <Line icon="warn" tone="text-warn">
            {t('share.quoted', { count: quoted.length })}
            <ul className="mt-1 max-h-40 list-disc space-y-0.5 overflow-y-auto pl-4">
              {quoted.map(({ chatId, title, shared, quotations }) => (
                <li key={chatId}>
                  <b className="font-medium wrap-anywhere">{shared ? t('share.quotedOf', { title }) : title}</b>{' '}
                  <span className="text-muted">({t('share.quotations', { count: quotations })})</span>
                </li>
              ))}
            </ul>
          </Line>
        )}
        <Line icon="close">
          {t('share.mayNot')} {t('share.admins')}
        </Line>
        <Line icon="book">{t('share.librarian')}</Line>
        {model && model.id !== 'librarian' && (
          <Line icon={model.runsHere ? 'model' : 'outside'}>
            {model.runsHere ? t('share.here', { model: model.name }) : t('share.sent', { provider: model.provider })}
          </Line>
        )}
      </ul>
    </section>
  )
}

function Line({ icon, tone = 'text-accent', children }: { icon: IconName; tone?: string; children: ReactNode }) {
  return (
    <li className="flex gap-2.5">
      <Icon name={icon} className={`mt-0.5 ${tone}`} />
      <div className="min-w-0 flex-1">{children}</div>
    </li>
  )
}
