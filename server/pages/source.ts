import { once } from 'node:events'
import { Worker } from 'node:worker_threads'
import type { Source } from '../protocol/source.ts'

/**
 * Splits TypeScript into pieces of the same kind, in a separate thread. The grammar takes about 400 ms to load and
 * compile; in the main thread, this would delay every lane that is being measured.
 */
export function highlight(path: string, text: string): Promise<Source> {
  const answer = last.then(() => ask(text))
  last = answer.catch(() => undefined)
  return answer.then((lines) => ({ path, lines }))
}

/** Queue of requests. Only one request runs at a time, so the worker's next message is its result. */
let last: Promise<unknown> = Promise.resolve()

async function ask(text: string): Promise<Source['lines']> {
  worker ??= start()
  worker.postMessage(text)
  const [lines]: Source['lines'][] = await once(worker, 'message')
  if (lines === undefined) throw new Error('The highlighter returned no lines.')
  return lines
}

/** The worker. The first request starts it, so it does not delay the server's start. After a crash it starts again. */
let worker: Worker | undefined

function start(): Worker {
  const started = new Worker(new URL('./source-worker.ts', import.meta.url))
  started.once('exit', () => (worker = undefined))
  // The worker has nothing to clean up, so the process may end while the worker is idle.
  started.unref()
  return started
}
