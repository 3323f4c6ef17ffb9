/** Signing devices out: the row goes at once, the sentence that it is done comes with the server's answer, and a failure brings the row back. */
import { type InfiniteData, useMutation } from '@tanstack/react-query'
import { useState } from 'react'
import type { Session } from '#contract/sessions.ts'
import { call } from '#web/kernel/api.ts'
import type { Reply } from '#web/kernel/endpoints.ts'
import { ApiProblem } from '#web/kernel/problem.ts'
import { queryClient } from '#web/kernel/session.ts'
import type { OutcomeProps } from '#web/ui/outcome.tsx'
import { devicesQuery } from './queries.ts'
import { t } from './text.ts'

type Devices = InfiniteData<Reply<'devices.list'>, unknown>

export interface SigningOut {
  readonly outcome: OutcomeProps | null
  readonly one: (device: Session) => void
  /** Says what came of signing out several. */
  readonly tell: (outcome: OutcomeProps) => void
}

/** Signs devices out and says what came of it. */
export function useSignOut(): SigningOut {
  const [outcome, tell] = useState<OutcomeProps | null>(null)
  const end = useMutation({
    mutationFn: ({ id }: Session) => call('devices.end', { params: { sessionId: id } }),
    onMutate: async ({ id, device }) => {
      tell({ text: t('devices.leaving', { device }) })
      await queryClient.cancelQueries(devicesQuery)
      const before = queryClient.getQueryData(devicesQuery.queryKey)
      queryClient.setQueryData(devicesQuery.queryKey, (listed) => listed && without(listed, id))
      return { before }
    },
    onSuccess: (_, { device }) => tell({ text: t('devices.left', { device }) }),
    onError: (error, { device }, kept) => {
      if (error instanceof ApiProblem && error.is('session.not_found')) return tell({ text: t('devices.leftBefore', { device }) })
      queryClient.setQueryData(devicesQuery.queryKey, kept?.before)
      tell({ text: t('devices.stays', { device }), error })
    },
    onSettled: () => queryClient.invalidateQueries({ queryKey: ['account'] }),
  })
  return { outcome, one: (device) => end.mutate(device), tell }
}

function without(listed: Devices, id: string): Devices {
  return { ...listed, pages: listed.pages.map((page) => ({ ...page, items: page.items.filter((device) => device.id !== id) })) }
}
