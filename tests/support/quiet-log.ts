/** A log that keeps what it was told, so that a test can ask whether content went in; it prints nothing. */
import type { Log } from '#server/kernel/log.ts'

export class KeptLog implements Log {
  readonly lines: string[] = []
  info(fields: object, message: string): void {
    this.lines.push(JSON.stringify({ ...fields, message }))
  }
  warn(fields: object, message: string): void {
    this.lines.push(JSON.stringify({ ...fields, message }))
  }
  error(fields: object, message: string): void {
    this.lines.push(JSON.stringify({ ...fields, message }))
  }
}

export const quietLog: Log = { info: () => undefined, warn: () => undefined, error: () => undefined }
