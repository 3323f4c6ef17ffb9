/** Looking for planted words where none may be: as they stand, and in the forms in which bytes are often written down. */
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'

/** As it stands, in hexadecimal, and in base64 wherever in a longer text it begins. */
export function formsOf(secret: string): string[] {
  const bytes = Buffer.from(secret)
  const shifted = [0, 1, 2].flatMap((shift) => {
    const encoded = Buffer.concat([Buffer.alloc(shift), bytes, Buffer.alloc(2)]).toString('base64')
    const inner = encoded.slice(Math.ceil((shift * 8) / 6), Math.floor(((shift + bytes.length) * 8) / 6))
    return [inner, inner.replaceAll('+', '-').replaceAll('/', '_')]
  })
  return [secret, bytes.toString('hex'), ...new Set(shifted)]
}

/** Every file under a directory, as text of one character per byte, with its path. */
export async function filesUnder(path: string): Promise<{ path: string; text: string }[]> {
  const entries = await readdir(path, { recursive: true, withFileTypes: true })
  const files = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name))
  return Promise.all(files.map(async (file) => ({ path: file, text: (await readFile(file)).toString('latin1') })))
}
