/** Letters of a world: the files into which a server without a mail server writes them, as its operator reads them. */
import { readdir, readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import type { Letter } from '#server/mail/mailer.ts'

export interface ReadLetter extends Letter {
  /** The first address in it that leads somewhere; empty where there is none. */
  readonly link: string
  /** What stands behind the # of that address. */
  readonly token: string
}

/** Reads a folder of letters. */
export function mailIn(folder: string) {
  const all = async (): Promise<ReadLetter[]> => {
    const files = (await readdir(folder).catch(() => [])).filter((name) => name.endsWith('.txt')).map((name) => join(folder, name))
    // By the real clock, whatever the one of the world says.
    const read = await Promise.all(
      files.map(async (file) => ({ at: (await stat(file)).mtimeMs, letter: parsed(await readFile(file, 'utf8')) })),
    )
    return read.sort((one, other) => one.at - other.at).map(({ letter }) => letter)
  }
  return {
    all,
    /** The letters to an address, the latest last. */
    to: async (address: string) => (await all()).filter(({ to }) => to === address),
    /** The latest letter to an address; throws when there is none. */
    last: async (address: string) => {
      const letter = (await all()).findLast(({ to }) => to === address)
      if (!letter) throw new Error(`no letter to ${address}`)
      return letter
    },
  }
}

function parsed(content: string): ReadLetter {
  const [head = '', ...rest] = content.split('\n\n')
  const header = (name: string) => new RegExp(`^${name}: (.*)$`, 'm').exec(head)?.[1] ?? ''
  const text = rest.join('\n\n')
  const link = /https?:\/\/\S+/.exec(text)?.[0] ?? ''
  return { to: header('To'), subject: header('Subject'), text, link, token: link.split('#')[1] ?? '' }
}
