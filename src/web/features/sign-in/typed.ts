/** What somebody typed to sign in, for the page behind “Forgot your password?”. In memory alone: in no address, and gone when the page is. */
interface Typed {
  readonly email: string
  readonly organisation: string
}

let typed: Typed = { email: '', organisation: '' }

/** Keeps it for the next page. */
export function keepTyped({ email, organisation = '' }: { email: string; organisation?: string | undefined }): void {
  typed = { email, organisation }
}

/** What was kept. */
export function typedBefore(): Typed {
  return typed
}
