/** A server's part in the queue as a process of its own, for tests that kill it: says what it takes, and never gets done with it. */
import { argv, stdout } from 'node:process'
import { Queue } from '#server/isolation/queue.ts'
import { quietLog } from '#tests/support/quiet-log.ts'

const queue = await Queue.start({ connectionString: argv[2]! }, quietLog)
await queue.onJob('clean_up', ({ jobId }) => {
  stdout.write(`${jobId}\n`)
  return new Promise(() => undefined)
})
