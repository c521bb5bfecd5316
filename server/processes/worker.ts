/**
 * Program of a worker: one of several processes that serve the same port. `workers.ts` starts it and sends it its task.
 * It ends when the primary process has ended, even if that process was killed.
 */
import cluster from 'node:cluster'
import { onEnding, outliveReaders } from '../start/ending.ts'
import { startTrouble } from '../start/start-trouble.ts'
import type { FromWorker, ToWorker, WorkerTask } from './messages.ts'
import type { RunningServer } from './running.ts'

const BAD_USAGE = 2

/** Time limit for the goodbyes. A primary process that still runs kills this process earlier. */
const END_MS = 5000

outliveReaders()

// When the primary process has ended, Node would end this process without goodbyes, and an error would end it that Node
// emits because it cannot send a message.
if (cluster.worker) cluster.worker.exitedAfterDisconnect = true
cluster.worker?.on('error', () => {})

let server: RunningServer | null = null
let joinAt: readonly string[] = []

const ending = onEnding(
  undefined,
  (why) => void end(why),
  () => process.exit(1),
)
process.on('disconnect', () => ending('end of the primary process'))
process.on('message', (message: ToWorker) => {
  if (message.is === 'task') void serve(message.task)
  else if (message.is === 'end') ending(message.why)
  else if (message.is === 'join-at') {
    joinAt = message.addresses
    server?.joinAt(joinAt)
  }
})

async function serve({ settings, worker, others }: WorkerTask): Promise<void> {
  try {
    // Load this module late, so that a missing package is reported by its name.
    const { runServer } = await import('./run.ts')
    const report = (sentence: string): void => tell({ is: 'report', sentence })
    server = await runServer(settings, { worker, others: Promise.resolve(others), report })
    server.joinAt(joinAt)
    tell({ is: 'listening' })
  } catch (error) {
    tell({ is: 'failed', why: startTrouble(error) }, () => process.exit(BAD_USAGE))
  }
}

async function end(why: string): Promise<void> {
  setTimeout(() => process.exit(1), END_MS).unref()
  await server?.end(why)
  process.exit(0)
}

/** Sends a message to the primary process. Calls `sent` also if that process has ended. */
function tell(message: FromWorker, sent: () => void = () => {}): void {
  if (process.connected) process.send?.(message, undefined, undefined, sent)
  else sent()
}
