/** Buttons and links that look like them. Every target is 44 px on a phone and 34 px at a desk. */
import { Link, type LinkProps } from '@tanstack/react-router'
import type { ComponentProps, ReactNode } from 'react'
import { hintOf, type ShortcutId } from '../kernel/shortcuts.ts'
import { classes } from './class-names.ts'
import { Icon, type IconName } from './icon.tsx'

type Look = 'solid' | 'plain' | 'danger' | 'quiet'

const BASE =
  'inline-flex flex-none items-center justify-center gap-2 rounded-control border min-h-11 desk:min-h-[34px] px-3 whitespace-nowrap select-none ' +
  'transition-colors disabled:opacity-55 disabled:cursor-default aria-disabled:opacity-55 aria-disabled:cursor-default'
const LOOKS: Record<Look, string> = {
  solid: 'border-transparent bg-accent text-accent-ink font-medium enabled:hover:bg-accent-strong',
  plain: 'border-line bg-surface enabled:hover:bg-hover hover:bg-hover',
  danger: 'border-line bg-surface text-danger enabled:hover:bg-danger-soft',
  quiet: 'border-transparent text-muted hover:bg-hover hover:text-ink',
}

type ButtonProps = ComponentProps<'button'> & { look?: Look; icon?: IconName; busy?: boolean }

/** A button with words; while `busy` it can't be pressed again, and keeps the focus. */
export function Button({ look = 'plain', icon, busy = false, className, children, onClick, ...rest }: ButtonProps) {
  return (
    <button
      type="button"
      {...rest}
      onClick={busy ? (event) => event.preventDefault() : onClick}
      aria-disabled={busy || undefined}
      aria-busy={busy || undefined}
      className={classes(BASE, LOOKS[look], className)}
    >
      {icon && <Icon name={icon} />}
      {children}
    </button>
  )
}

/** A button with an icon only; `label` names it to everybody, as a hint and to screen readers, with the keys that do the same. */
export function IconButton({
  icon,
  label,
  shortcut,
  look = 'quiet',
  className,
  ...rest
}: Omit<ButtonProps, 'children' | 'busy'> & { icon: IconName; label: string; shortcut?: ShortcutId | undefined }) {
  return (
    <button
      type="button"
      {...rest}
      aria-label={label}
      {...hintOf(label, shortcut)}
      className={classes(BASE, LOOKS[look], 'min-w-11 px-0! desk:min-w-[34px]', className)}
    >
      <Icon name={icon} />
    </button>
  )
}

/** A link that looks like a button. */
export function ButtonLink({
  look = 'plain',
  icon,
  children,
  className,
  ...rest
}: LinkProps & { look?: Look; icon?: IconName; children: ReactNode; className?: string }) {
  return (
    <Link {...rest} className={classes(BASE, LOOKS[look], className)}>
      {icon && <Icon name={icon} />}
      {children}
    </Link>
  )
}

/** A keyboard shortcut, printed. */
export function Keys({ caps }: { caps: readonly string[] }) {
  return (
    <span className="flex gap-1" aria-hidden="true">
      {caps.map((cap) => (
        <kbd key={cap} className="rounded-[4px] border border-line px-[5px] font-mono text-tiny leading-4 text-muted">
          {cap}
        </kbd>
      ))}
    </span>
  )
}
