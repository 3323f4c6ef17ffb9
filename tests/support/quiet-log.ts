/** A log that keeps what it was told, so that a test can ask whether content went in; it prints nothing. As with pino the sentence is `msg`. */
import type { Log } from '#server/kernel/log.ts'

export class KeptLog implements Log {
  readonly lines: string[] = []
  info(fields: object, message: string): void {
    this.lines.push(JSON.stringify({ ...fields, msg: message }))
  }
  warn(fields: object, message: string): void {
    this.lines.push(JSON.stringify({ ...fields, msg: message }))
  }
  error(fields: object, message: string): void {
    this.lines.push(JSON.stringify({ ...fields, msg: message }))
  }
}

export const quietLog: Log = { info: () => undefined, warn: () => undefined, error: () => undefined }
