/** Why the embedded database can't be had: one sentence for the operator, which says what to do. Anything else thrown is a bug. */
export class EmbeddedRefusal extends Error {
  override readonly name = 'EmbeddedRefusal'
}

/** Another living server holds the directory; its database may be joined. */
export class EmbeddedInUse extends EmbeddedRefusal {}

const SENTENCES: Readonly<Record<string, string>> = {
  EACCES: 'cannot be opened or written by this user. Start Sardonyx as the user who owns it, or give another directory.',
  EPERM: 'cannot be given to the user that PostgreSQL runs as. Give a directory on a file system that allows it.',
  EROFS: 'lies on a file system that cannot be written. Give another directory.',
  ENOSPC: 'lies on a full disk. Make room, then start again; nothing is lost.',
  EDQUOT: 'lies on a disk whose quota is used up. Make room, then start again; nothing is lost.',
  ENOTDIR: 'is not a directory, or lies below a file. Give another path.',
  EEXIST: 'is not a directory. Give another path.',
}

/** Runs file-system work on `path`, and turns what an operator can mend (rights, space, a file in the way) into a sentence. */
export async function refusingIn<T>(path: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (cause) {
    const code = cause instanceof Error && 'code' in cause ? String(cause.code) : ''
    const sentence = SENTENCES[code]
    if (sentence === undefined) throw cause
    throw new EmbeddedRefusal(`The data directory ${path} ${sentence}`, { cause })
  }
}
