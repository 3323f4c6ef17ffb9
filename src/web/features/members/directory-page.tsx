/** Whom people see: everybody, or only those with whom they share something. */
import { useMutation, useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import type { Directory } from '#contract/people.ts'
import { call } from '#web/kernel/api.ts'
import { withProof } from '#web/kernel/proof.ts'
import { queryClient, useMe } from '#web/kernel/session.ts'
import { Button } from '#web/ui/button.tsx'
import { ChoiceField } from '#web/ui/field.tsx'
import { PanelSkeleton } from '#web/ui/frame.tsx'
import { FailureNotice } from '#web/ui/notice.tsx'
import { Outcome } from '#web/ui/outcome.tsx'
import { AdminPart } from './admin-part.tsx'
import { directoryQuery, lookAgain } from './queries.ts'
import { t } from './text.ts'

const OPTIONS = (['everyone', 'shared'] as const).map((value) => ({
  value,
  label: t(`directory.${value}`),
  help: t(`directory.${value}Help`),
}))

/** The page `/people/directory`. */
export function DirectoryPage() {
  const { organisation } = useMe()
  const query = useQuery(directoryQuery)
  return (
    <AdminPart title={t('people.directory')} lead={t('directory.lead', { organisation: organisation.name })}>
      {query.isPending && <PanelSkeleton rows={2} />}
      {query.isError && <FailureNotice error={query.error} onRetry={() => void query.refetch()} />}
      {query.data && <Choice shows={query.data.shows} />}
    </AdminPart>
  )
}

function Choice({ shows }: Directory) {
  const [chosen, setChosen] = useState(shows)
  const save = useMutation({
    mutationFn: () => withProof(() => call('directory.set', { body: { shows: chosen } })),
    onSuccess: async (directory) => {
      queryClient.setQueryData(directoryQuery.queryKey, directory)
      await lookAgain()
    },
  })
  return (
    <div className="max-w-[40rem]">
      {save.isSuccess && <Outcome text={t('directory.saved')} />}
      <ChoiceField
        legend={t('directory.choice')}
        name="shows"
        options={OPTIONS}
        value={chosen}
        onChange={({ target }) => {
          save.reset()
          setChosen(target.value as Directory['shows'])
        }}
      />
      {save.isError && <FailureNotice error={save.error} className="mb-4" />}
      <Button look="solid" busy={save.isPending} disabled={chosen === shows} onClick={() => save.mutate()}>
        {t('directory.save')}
      </Button>
    </div>
  )
}
