import { once } from 'node:events'
import { Worker } from 'node:worker_threads'
import type { Source } from './protocol.ts'

/**
 * Splits TypeScript into the pieces that are set alike, in a thread of its own: the grammar takes
 * some 400 ms to load and compile, and every lane that is being measured would be late by that.
 */
export function highlight(path: string, text: string): Promise<Source> {
  const answer = last.then(() => ask(text))
  last = answer.catch(() => undefined)
  return answer.then((lines) => ({ path, lines }))
}

/** Questions wait for each other, so that the next message from the worker is the answer. */
let last: Promise<unknown> = Promise.resolve()

async function ask(text: string): Promise<Source['lines']> {
  worker ??= start()
  worker.postMessage(text)
  const [lines]: Source['lines'][] = await once(worker, 'message')
  if (lines === undefined) throw new Error('The highlighter answered without lines.')
  return lines
}

/** Started by the first question, so that no server start waits for it; a new one after a crash. */
let worker: Worker | undefined

function start(): Worker {
  const started = new Worker(new URL('./source-worker.ts', import.meta.url))
  started.once('exit', () => (worker = undefined))
  // It holds nothing that has to be put away: the process may end while it idles.
  started.unref()
  return started
}
