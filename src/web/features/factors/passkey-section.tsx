/** One's passkeys: each with when it was used, another name for it, and a way to remove it. */
import { useState } from 'react'
import type { Passkey } from '#contract/factors.ts'
import { call } from '#web/kernel/api.ts'
import { sayMoment } from '#web/kernel/moments.ts'
import { usePlainForm } from '#web/kernel/plain-form.ts'
import { withProof } from '#web/kernel/proof.ts'
import { Button } from '#web/ui/button.tsx'
import { Dialog } from '#web/ui/dialog.tsx'
import { TextField } from '#web/ui/field.tsx'
import { FailureNotice } from '#web/ui/notice.tsx'
import { AddPasskey } from './add-passkey.tsx'
import type { Done } from './factor-sections.tsx'
import { RemoveFactor } from './remove-factor.tsx'
import { Section } from './section.tsx'
import { t } from './text.ts'

/** The section. */
export function PasskeySection({ passkeys, onDone }: { passkeys: readonly Passkey[]; onDone: Done }) {
  const [adding, setAdding] = useState(false)
  const [naming, setNaming] = useState<Passkey | null>(null)
  const [removing, setRemoving] = useState<Passkey | null>(null)
  const added = async (name: string, recoveryCodes: readonly string[] | null) => {
    setAdding(false)
    await onDone(t('passkeys.added', { name }), recoveryCodes)
  }
  return (
    <Section title={t('passkeys.title')} lead={t('passkeys.lead')}>
      {passkeys.length === 0 ? (
        <p className="mb-3">{t('passkeys.none')}</p>
      ) : (
        <ul aria-label={t('passkeys.list')} className="mb-3 divide-y divide-line rounded-panel border border-line bg-surface">
          {passkeys.map((passkey) => (
            <Row key={passkey.id} passkey={passkey} onRename={() => setNaming(passkey)} onRemove={() => setRemoving(passkey)} />
          ))}
        </ul>
      )}
      {adding ? (
        <AddPasskey onAdded={added} onCancel={() => setAdding(false)} />
      ) : (
        <Button icon="plus" onClick={() => setAdding(true)}>
          {t('passkeys.add')}
        </Button>
      )}
      <Dialog title={t('passkeys.renameTitle', { name: naming?.name ?? '' })} open={naming !== null} onOpenChange={() => setNaming(null)}>
        {naming && <Rename passkey={naming} onDone={onDone} onClose={() => setNaming(null)} />}
      </Dialog>
      <RemoveFactor
        title={t('passkeys.removeTitle', { name: removing?.name ?? '' })}
        lead={t('passkeys.removeLead')}
        act={t('passkeys.remove')}
        open={removing !== null}
        onClose={() => setRemoving(null)}
        remove={async () => {
          if (!removing) return
          await withProof(() => call('passkeys.remove', { params: { passkeyId: removing.id } }))
          await onDone(t('passkeys.removed', { name: removing.name }))
        }}
      />
    </Section>
  )
}

function Row({ passkey, onRename, onRemove }: { passkey: Passkey; onRename: () => void; onRemove: () => void }) {
  const { name, timeCreated, usedAt, synced } = passkey
  const used = usedAt === null ? t('passkeys.unused') : t('passkeys.used', { when: sayMoment(usedAt) })
  return (
    <li className="flex flex-wrap items-center gap-x-4 gap-y-2 px-5 py-3">
      <div className="min-w-0 flex-[1_1_14rem]">
        <p className="font-medium break-words">{name}</p>
        <p className="text-small text-muted">
          {[t('passkeys.made', { when: sayMoment(timeCreated) }), used, ...(synced ? [t('passkeys.synced')] : [])].join(' · ')}
        </p>
      </div>
      <div className="flex gap-2">
        <Button aria-label={t('passkeys.renameNamed', { name })} onClick={onRename}>
          {t('passkeys.rename')}
        </Button>
        <Button look="danger" aria-label={t('passkeys.removeNamed', { name })} onClick={onRemove}>
          {t('passkeys.remove')}
        </Button>
      </div>
    </li>
  )
}

function Rename({ passkey, onDone, onClose }: { passkey: Passkey; onDone: Done; onClose: () => void }) {
  const { form, submit, failure, errorOf, busy } = usePlainForm<{ name: string }>({
    defaults: { name: passkey.name },
    send: async ({ name }) => {
      await call('passkeys.rename', { params: { passkeyId: passkey.id }, body: { name } })
      await onDone(t('passkeys.renamed', { name }))
      onClose()
    },
  })
  return (
    <form onSubmit={submit} noValidate>
      {failure !== null && <FailureNotice error={failure} className="mb-4" />}
      <TextField label={t('passkeys.newName')} error={errorOf('name')} autoComplete="off" autoFocus {...form.register('name')} />
      <Button type="submit" look="solid" busy={busy}>
        {t('passkeys.rename')}
      </Button>
    </form>
  )
}
