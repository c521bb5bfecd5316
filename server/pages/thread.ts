import { once } from 'node:events'
import { Worker } from 'node:worker_threads'

/** Time after its last task after which a thread ends and frees its memory. */
const IDLE_MS = 60_000

/**
 * Returns a function that gives a task to a thread and resolves with the thread's result. The first task starts the
 * thread, so that the server starts faster. After a crash of the thread, the next task starts a new thread. An idle
 * thread does not keep the process running.
 */
export function threadOf<Task, Result>(file: URL): (task: Task) => Promise<Result> {
  let worker: Worker | undefined
  let idle: NodeJS.Timeout | undefined
  /**
   * Resolves when the last task in the queue has ended. Only one task runs at a time, so the thread's next message is
   * the task's result.
   */
  let last: Promise<unknown> = Promise.resolve()

  return (task) => {
    const result = last.then(() => ask(task))
    last = result.catch(() => undefined)
    return result
  }

  async function ask(task: Task): Promise<Result> {
    clearTimeout(idle)
    worker ??= start()
    const asked = worker
    const answered = new AbortController()
    const { signal } = answered
    try {
      asked.postMessage(task)
      const [result]: Result[] = await Promise.race([once(asked, 'message', { signal }), ended(asked, signal)])
      if (result === undefined) throw new Error('The thread returned no result.')
      idle = setTimeout(end, IDLE_MS).unref()
      return result
    } catch (error) {
      // The thread has crashed. The next task may come before the thread has ended.
      if (worker === asked) worker = undefined
      throw error
    } finally {
      answered.abort()
    }
  }

  function start(): Worker {
    const started = new Worker(file)
    started.once('exit', () => {
      if (worker === started) worker = undefined
    })
    started.unref()
    return started
  }

  /** Rejects when the thread ends without an error. */
  async function ended(asked: Worker, signal: AbortSignal): Promise<never> {
    await once(asked, 'exit', { signal })
    throw new Error('The thread has ended before its result.')
  }

  /** Between two tasks, so that no task is lost. */
  function end(): void {
    const ended = worker
    worker = undefined
    void ended?.terminate()
  }
}
