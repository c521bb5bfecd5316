import { once } from 'node:events'
import { Worker } from 'node:worker_threads'
import type { Source } from '../protocol/source.ts'

/**
 * Splits each line of TypeScript into pieces, each of one kind. A separate thread does this work: to load and compile
 * the grammar takes about 400 ms, and in the main thread this time would delay every measured lane.
 */
export function highlight(path: string, text: string): Promise<Source> {
  const answer = last.then(() => ask(text))
  last = answer.catch(() => undefined)
  return answer.then((lines) => ({ path, lines }))
}

/**
 * Resolves when the last request in the queue has ended. Only one request runs at a time, so the worker's next message
 * is its result.
 */
let last: Promise<unknown> = Promise.resolve()

async function ask(text: string): Promise<Source['lines']> {
  worker ??= start()
  worker.postMessage(text)
  const [lines]: Source['lines'][] = await once(worker, 'message')
  if (lines === undefined) throw new Error('The highlighter returned no lines.')
  return lines
}

/**
 * The thread. The first request starts the thread, so that the server starts faster. After a crash of the thread, the
 * next request starts a new thread.
 */
let worker: Worker | undefined

function start(): Worker {
  const started = new Worker(new URL('./source-worker.ts', import.meta.url))
  started.once('exit', () => (worker = undefined))
  // Without `unref`, the idle worker would keep the process running.
  started.unref()
  return started
}
