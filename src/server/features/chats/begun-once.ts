/** Chats that are begun under a key: the same key again begins no other. */
import { Failure } from '#server/kernel/failure.ts'

/**
 * Works once more where another request began a chat under the same key at the same time, and finds that one. Where it finds none, the key
 * was used for what nobody is shown any more.
 */
export async function begunOnce<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (first) {
    if (!isUsed(first)) throw first
    return work().catch((error: unknown) => {
      throw isUsed(error) ? new Failure('message.conflict') : error
    })
  }
}

const isUsed = (error: unknown) => (error as { constraint?: string }).constraint === 'chat_session_begun_once'
