/** What kind of device it is, drawn; the name beside it says the same in words. */
const KINDS = {
  computer: 'M4.5 4h13A1.5 1.5 0 0 1 19 5.5v8a1.5 1.5 0 0 1-1.5 1.5h-13A1.5 1.5 0 0 1 3 13.5v-8A1.5 1.5 0 0 1 4.5 4zM1.5 18h19',
  phone: 'M8.5 2.5h5a2 2 0 0 1 2 2v13a2 2 0 0 1-2 2h-5a2 2 0 0 1-2-2v-13a2 2 0 0 1 2-2zM10 16.8h2',
  tablet: 'M6 2.5h10a2 2 0 0 1 2 2v13a2 2 0 0 1-2 2H6a2 2 0 0 1-2-2v-13a2 2 0 0 1 2-2zM9.8 16.8h2.4',
  program: 'm4 6.5 4.5 4.5L4 15.5M11 16.5h7',
  unknown: 'M11 19a8 8 0 1 0 0-16 8 8 0 0 0 0 16zM8.8 8.8c.2-1.3 1.1-2 2.3-2 1.3 0 2.2.8 2.2 1.9 0 1.7-2.2 1.7-2.2 3.3M11.1 14.8h.01',
} as const

const PATTERNS: readonly (readonly [RegExp, keyof typeof KINDS])[] = [
  [/iPad/, 'tablet'],
  [/iPhone|Android/, 'phone'],
  [/Windows|Mac|Linux|ChromeOS/, 'computer'],
  [/^Unknown/, 'unknown'],
]

/** The icon for the name that the server gives a device; what has no screen is a program. */
export function DeviceIcon({ device, isToken = false }: { device: string; isToken?: boolean }) {
  const kind = isToken ? 'program' : (PATTERNS.find(([pattern]) => pattern.test(device))?.[1] ?? 'program')
  return (
    <svg
      viewBox="0 0 22 22"
      width={22}
      height={22}
      fill="none"
      stroke="currentColor"
      strokeWidth="1.5"
      strokeLinecap="round"
      strokeLinejoin="round"
      className="flex-none text-muted"
      aria-hidden="true"
    >
      <path d={KINDS[kind]} />
    </svg>
  )
}
