/** The icons: one 16-unit grid, one stroke, drawn in the colour of the text around them and hidden from screen readers. */
const PATHS = {
  archive: 'M2.5 3h11v3h-11zM3.5 6v7h9V6M6.5 8.5h3',
  again: 'M13 8a5 5 0 1 1-1.6-3.7M13 2.5v3h-3',
  bars: 'M2.5 4.5h11M2.5 8h11M2.5 11.5h11',
  book: 'M3 3.2c2-.6 3.7-.3 5 .8 1.3-1.1 3-1.4 5-.8v9.3c-2-.6-3.7-.3-5 .8-1.3-1.1-3-1.4-5-.8zM8 4v9.3',
  check: 'm3 8.6 3.2 3.2L13 5',
  clock: 'M8 14A6 6 0 1 0 8 2a6 6 0 0 0 0 12zM8 4.8V8l2.2 1.6',
  close: 'm4 4 8 8M12 4l-8 8',
  code: 'M5.5 4.5 2 8l3.5 3.5M10.5 4.5 14 8l-3.5 3.5',
  copy: 'M7 5.5h5A1.5 1.5 0 0 1 13.5 7v5a1.5 1.5 0 0 1-1.5 1.5H7A1.5 1.5 0 0 1 5.5 12V7A1.5 1.5 0 0 1 7 5.5zM10.5 3.5V3A.5.5 0 0 0 10 2.5H3a.5.5 0 0 0-.5.5v7a.5.5 0 0 0 .5.5h.5',
  down: 'm4.5 6.5 3.5 3.5 3.5-3.5',
  eye: 'M1.5 8S4 3.8 8 3.8 14.5 8 14.5 8 12 12.2 8 12.2 1.5 8 1.5 8zM8 9.8a1.8 1.8 0 1 0 0-3.6 1.8 1.8 0 0 0 0 3.6z',
  eyeOff:
    'M2.5 2.5l11 11M6.2 4c.6-.15 1.2-.2 1.8-.2 4 0 6.5 4.2 6.5 4.2s-.7 1.2-2 2.3M10 11.9c-.6.2-1.3.3-2 .3C4 12.2 1.5 8 1.5 8s.9-1.5 2.5-2.7',
  device: 'M4 3h8a1 1 0 0 1 1 1v6.5H3V4a1 1 0 0 1 1-1zM1.5 13h13',
  fork: 'M5 5v6M11 6.5c0 2.8-6 1.2-6 4.5M5 5a1.5 1.5 0 1 0 0-3 1.5 1.5 0 0 0 0 3zM5 14a1.5 1.5 0 1 0 0-3 1.5 1.5 0 0 0 0 3zM11 6.5a1.5 1.5 0 1 0 0-3 1.5 1.5 0 0 0 0 3z',
  search: 'M7 12A5 5 0 1 0 7 2a5 5 0 0 0 0 10zM10.6 10.6L14 14',
  help: 'M8 14A6 6 0 1 0 8 2a6 6 0 0 0 0 12zM6.3 6.5a1.7 1.7 0 1 1 2.5 1.5c-.5.3-.8.6-.8 1.2M8 11.3h.01',
  info: 'M8 14A6 6 0 1 0 8 2a6 6 0 0 0 0 12zM8 7.5v3.5M8 5.2h.01',
  key: 'M6 11a3.2 3.2 0 1 1 2.9-4.6H14v2.5h-1.4v1.9h-2V8.9H8.9A3.2 3.2 0 0 1 6 11zM5.6 7.8h.01',
  keyhole:
    'M4.5 2h7A2.5 2.5 0 0 1 14 4.5v7a2.5 2.5 0 0 1-2.5 2.5h-7A2.5 2.5 0 0 1 2 11.5v-7A2.5 2.5 0 0 1 4.5 2zM8 8.6a1.7 1.7 0 1 0 0-3.4 1.7 1.7 0 0 0 0 3.4zM8 8.6v2.6',
  keys: 'M3 4h10a1.5 1.5 0 0 1 1.5 1.5v5A1.5 1.5 0 0 1 13 12H3a1.5 1.5 0 0 1-1.5-1.5v-5A1.5 1.5 0 0 1 3 4zM4.5 7h.01M7 7h.01M9.5 7h.01M12 7h.01M5 9.5h6',
  left: 'M10 4 6 8l4 4',
  link: 'M6.7 9.3a2.6 2.6 0 0 0 3.7 0l2.3-2.3a2.6 2.6 0 0 0-3.7-3.7l-.9.9M9.3 6.7a2.6 2.6 0 0 0-3.7 0L3.3 9a2.6 2.6 0 0 0 3.7 3.7l.9-.9',
  lines: 'M2.5 4.5h11M2.5 8h11M2.5 11.5h7',
  model: 'M5 2.5h6A2.5 2.5 0 0 1 13.5 5v6a2.5 2.5 0 0 1-2.5 2.5H5A2.5 2.5 0 0 1 2.5 11V5A2.5 2.5 0 0 1 5 2.5zM6 6h4v4H6z',
  out: 'M6.5 2.5h-3v11h3M7 8h6.5M11 5.5 13.5 8 11 10.5',
  outside: 'M6.5 3.5h-3v9h9v-3M9 2.5h4.5V7M13 3 7.5 8.5',
  panel: 'M4 3h8a1.5 1.5 0 0 1 1.5 1.5v7A1.5 1.5 0 0 1 12 13H4a1.5 1.5 0 0 1-1.5-1.5v-7A1.5 1.5 0 0 1 4 3zM6.5 3v10',
  pencil: 'm10.5 3 2.5 2.5L5.8 12.7l-3 .5.5-3z',
  people:
    'M6 7.5a2.3 2.3 0 1 0 0-4.6 2.3 2.3 0 0 0 0 4.6zM1.8 13c0-2.3 1.8-3.8 4.2-3.8s4.2 1.5 4.2 3.8M10.5 7.3a2 2 0 1 0 0-4M11.8 9.5c1.5.5 2.4 1.8 2.4 3.5',
  person: 'M8 8a2.7 2.7 0 1 0 0-5.4A2.7 2.7 0 0 0 8 8zM2.8 13.8c0-2.5 2.2-4 5.2-4s5.2 1.5 5.2 4',
  pin: 'M5.5 2.5h5M6.5 2.5v4L4.5 9v1h7V9l-2-2.5v-4M8 10v4',
  plus: 'M8 3v10M3 8h10',
  right: 'm6 4 4 4-4 4',
  play: 'M5.5 3.9v8.2a.5.5 0 0 0 .77.42l6.2-4.1a.5.5 0 0 0 0-.84l-6.2-4.1a.5.5 0 0 0-.77.42z',
  stop: 'M5.2 4.5h5.6a.7.7 0 0 1 .7.7v5.6a.7.7 0 0 1-.7.7H5.2a.7.7 0 0 1-.7-.7V5.2a.7.7 0 0 1 .7-.7z',
  theme: 'M8 13.5a5.5 5.5 0 1 0 0-11zM8 13.5a5.5 5.5 0 1 1 0-11',
  thumbDown: 'M10.5 9.5 8 13.5c-1 0-1.5-.7-1.5-1.5V9.5H3.8a1.3 1.3 0 0 1-1.3-1.6l1-4.1a1.3 1.3 0 0 1 1.3-1h5.7zM10.5 2.8h3v6.7h-3',
  thumbUp: 'M5.5 6.5 8 2.5c1 0 1.5.7 1.5 1.5v2.5h2.7a1.3 1.3 0 0 1 1.3 1.6l-1 4.1a1.3 1.3 0 0 1-1.3 1H5.5zM5.5 13.2h-3V6.5h3',
  toBottom: 'M8 3v9M4 8.5 8 12.5l4-4',
  trash: 'M3 4.5h10M6.5 4.5v-2h3v2M4.5 4.5l.6 9h5.8l.6-9M6.8 7v4M9.2 7v4',
  up: 'M8 13V3.5M4 7.3l4-4 4 4',
  wrap: 'M2.5 4h11M2.5 8h8.8a2.2 2.2 0 0 1 0 4.5H8M9.7 10.8 8 12.5l1.7 1.7M2.5 12.5H5',
  warn: 'M8 2.5 14.3 13.2H1.7zM8 6.5v3M8 11.4h.01',
} as const

export type IconName = keyof typeof PATHS | 'more'

/** Draws an icon; the words that go with it belong to the control around it. */
export function Icon({ name, size = 16, className }: { name: IconName; size?: number; className?: string }) {
  return (
    <svg
      viewBox="0 0 16 16"
      width={size}
      height={size}
      fill="none"
      stroke="currentColor"
      strokeWidth="1.5"
      className={`flex-none ${className ?? ''}`}
      aria-hidden="true"
    >
      {name === 'more' ? (
        <Dots />
      ) : (
        <path d={PATHS[name]} fill={name === 'stop' ? 'currentColor' : 'none'} strokeLinejoin="round" strokeLinecap="round" />
      )}
    </svg>
  )
}

function Dots() {
  return [3.5, 8, 12.5].map((x) => <circle key={x} cx={x} cy="8" r="1.3" fill="currentColor" stroke="none" />)
}

/** The mark of the product: an open square whose fourth side closes. */
export function Mark({ size = 20, className }: { size?: number; className?: string }) {
  return (
    <svg
      viewBox="0 0 20 20"
      width={size}
      height={size}
      fill="none"
      stroke="currentColor"
      strokeWidth="2.4"
      className={`flex-none text-accent ${className ?? ''}`}
      aria-hidden="true"
    >
      <path d="M17 7V3H3v14h14v-4" />
      <path d="M17 8.2v3.6" opacity=".4" />
    </svg>
  )
}

/** The keyhole of the seal. */
export function Keyhole() {
  return (
    <svg
      viewBox="0 0 13 13"
      width={13}
      height={13}
      fill="none"
      stroke="currentColor"
      strokeWidth="1.5"
      className="flex-none"
      aria-hidden="true"
    >
      <rect x="1" y="1" width="11" height="11" rx="3" />
      <circle cx="6.5" cy="5.4" r="1.5" fill="currentColor" stroke="none" />
      <path d="M6.5 6v3.4" strokeWidth="1.6" />
    </svg>
  )
}
