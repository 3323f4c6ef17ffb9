/** The filter of the list of logins. Each field is in the address as soon as it is chosen. */
import { useNavigate } from '@tanstack/react-router'
import { useEffect, useEffectEvent, useState } from 'react'
import { Button } from '#web/ui/button.tsx'
import { SelectField, TextField } from '#web/ui/field.tsx'
import { type LoginSearch, readSearch } from './filter.ts'
import { PersonFilter } from './person-filter.tsx'
import { t } from './text.ts'

const TYPED_MS = 250
const AGO = [
  { value: '', label: t('filter.anyTime') },
  ...(['day', 'week', 'month'] as const).map((value) => ({ value, label: t(`filter.${value}`) })),
]

const CHOICES = {
  kind: [
    { value: '', label: t('filter.anyKind') },
    { value: 'login', label: t('filter.login') },
    { value: 'api', label: t('filter.api') },
  ],
  remembered: [
    { value: '', label: t('filter.any') },
    { value: 'yes', label: t('filter.yes') },
    { value: 'no', label: t('filter.no') },
  ],
  signedIn: AGO,
  seen: AGO,
} as const

/** All fields of the filter. */
export function Filters({ search }: { search: LoginSearch }) {
  const navigate = useNavigate()
  const set = (change: Partial<Record<keyof LoginSearch, string | undefined>>) =>
    void navigate({ to: '/logins', search: readSearch({ ...search, ...change }), replace: true })
  const select = (field: keyof typeof CHOICES) => (
    <SelectField
      label={t(`filter.${field}`)}
      options={CHOICES[field]}
      value={search[field] ?? ''}
      onChange={({ target }) => set({ [field]: target.value })}
    />
  )
  const isNarrowed = Object.values(search).some((value) => value !== undefined)
  return (
    <search aria-label={t('filter.label')} className="mb-3 grid grid-cols-2 gap-x-3 desk:grid-cols-3 wide:grid-cols-6">
      <PersonFilter personId={search.person} onChange={(person) => set({ person })} />
      {select('kind')}
      <DeviceFilter given={search.device ?? ''} onChange={(device) => set({ device })} />
      {select('remembered')}
      {select('signedIn')}
      {select('seen')}
      {isNarrowed && (
        <div className="col-span-full -mt-2">
          <Button look="quiet" icon="close" className="-ml-3" onClick={() => void navigate({ to: '/logins', search: {}, replace: true })}>
            {t('filter.clear')}
          </Button>
        </div>
      )}
    </search>
  )
}

/** A part of a device's name; it is looked for when the person stops typing. */
function DeviceFilter({ given, onChange }: { given: string; onChange: (device: string) => void }) {
  const [typed, setTyped] = useState(given)
  const [last, setLast] = useState(given)
  if (given !== last) {
    setLast(given)
    setTyped(given)
  }
  const change = useEffectEvent(onChange)
  useEffect(() => {
    if (typed.trim() === given) return
    const timer = setTimeout(() => change(typed), TYPED_MS)
    return () => clearTimeout(timer)
  }, [typed, given])
  return (
    <TextField
      label={t('filter.device')}
      placeholder={t('filter.devicePlaceholder')}
      type="search"
      autoComplete="off"
      maxLength={80}
      value={typed}
      onChange={({ target }) => setTyped(target.value)}
    />
  )
}
