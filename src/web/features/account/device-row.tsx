/** One device: what it is, whether it is in use, how it got in, and how long it stays. */
import type { Session } from '#contract/sessions.ts'
import { sayAgo, sayDay, sayMoment } from '#web/kernel/moments.ts'
import { Button } from '#web/ui/button.tsx'
import { DeviceIcon } from './device-icon.tsx'
import { sayHow } from './how.ts'
import { t } from './text.ts'

const ACTIVE_MS = 120_000

interface DeviceRowProps {
  device: Session
  /** When the server gave the list: “active now” was true then. */
  now: Date
  onSignOut: () => void
}

/** A row; the device one is using is signed out through the menu, as everywhere, and has no button here. */
export function DeviceRow({ device, now, onSignOut }: DeviceRowProps) {
  return (
    <li className="grid grid-cols-[auto_minmax(0,1fr)_auto] items-center gap-x-4 px-4 py-3.5 desk:gap-x-5 desk:px-5">
      <DeviceIcon device={device.device} />
      <p className="min-w-0 font-strong wrap-anywhere">
        {device.device}
        {device.isThis && (
          <span className="ml-2 inline-block rounded-full bg-accent-soft px-2.5 text-small font-medium whitespace-nowrap text-accent">
            {t('devices.this')}
          </span>
        )}
      </p>
      {!device.isThis && (
        <Button
          onClick={onSignOut}
          aria-label={t('devices.signOutNamed', { device: device.device })}
          className="desk:row-span-2 desk:row-start-1 desk:col-start-3"
        >
          {t('devices.signOut')}
        </Button>
      )}
      <div className="col-[2/-1] text-muted desk:col-[2/3]">
        <p>{[sayActive(device, now), device.seenFrom].filter(Boolean).join('\u00a0· ')}</p>
        <p>{[saySignedIn(device, now), sayEnd(device, now)].join('\u00a0· ')}</p>
      </div>
    </li>
  )
}

function sayActive({ isThis, seenAt }: Session, now: Date): string {
  const isActive = isThis || now.getTime() - new Date(seenAt).getTime() < ACTIVE_MS
  return isActive ? t('devices.activeNow') : t('devices.active', { when: sayAgo(seenAt, now) })
}

function saySignedIn({ methods, signedInAt, signedInFrom, seenFrom }: Session, now: Date): string {
  const how = sayHow(methods)
  const when = sayMoment(signedInAt, now)
  const moved = signedInFrom !== null && signedInFrom !== seenFrom
  return moved ? t('devices.signedInFrom', { when, how, address: signedInFrom }) : t('devices.signedIn', { when, how })
}

function sayEnd({ remembered, endsAt }: Session, now: Date): string {
  return t(remembered ? 'devices.remembered' : 'devices.ends', { when: sayDay(endsAt, now) })
}
