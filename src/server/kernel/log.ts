/** Structured logs: events with ids and codes. Content, tokens, addresses of people and bind values never go in. */
import pino from 'pino'

export interface Log {
  info(fields: object, message: string): void
  warn(fields: object, message: string): void
  error(fields: object, message: string): void
}

/** JSON lines to the given file descriptor (standard error by default, so that standard output stays for people). */
export function createLog(options: { level: string; fd?: number }): Log {
  return pino(
    { level: options.level, base: null, timestamp: pino.stdTimeFunctions.isoTime },
    pino.destination({ fd: options.fd ?? 2, sync: true }),
  )
}

/** What may be said of an unknown error in a log: its kind, PostgreSQL or system code, and stack; never its detail or values. */
export function errorFields(error: unknown): object {
  if (!(error instanceof Error)) return { thrown: typeof error }
  const { code, table, constraint } = error as { code?: unknown; table?: unknown; constraint?: unknown }
  const frames = error.stack
    ?.split('\n')
    .filter((line) => /^\s+at /.test(line))
    .slice(0, 8)
  // PostgreSQL puts the offending value into the message, and a JSON parser the text around it; the rest says enough.
  const quotes = error instanceof SyntaxError || (typeof code === 'string' && /^[0-9A-Z]{5}$/.test(code))
  const message = quotes ? undefined : error.message
  return {
    error: error.name,
    message,
    code,
    table,
    constraint,
    frames,
    cause: error.cause === undefined ? undefined : errorFields(error.cause),
  }
}
