/**
 * Runs the server in several workers: processes that listen on the same port and share the event log in Redis. The
 * process that starts them, the primary process, serves no client itself.
 *
 * The primary process accepts each connection and gives it to the next worker that has taken its previous one
 * (`SCHED_RR`). So the workers get equal numbers of connections, and a worker that hangs gets no further ones. The two
 * alternatives are worse for connections that stay open for hours:
 * - With one shared socket (`SCHED_NONE`), the worker that wakes up first accepts. Of four idle workers, one got 41 % of
 *   1,000 connections and another one 8 %.
 * - With one socket for each worker (`SO_REUSEPORT`), the kernel also gives connections to a worker that hangs, resets
 *   those that wait for a worker that ends, even if it ends with goodbyes, and does not do this on every system.
 */
import cluster from 'node:cluster'
import type { Worker } from 'node:cluster'
import { join } from 'node:path'
import { createEntryLog } from './log.ts'
import { isFromWorker } from './messages.ts'
import type { ToWorker } from './messages.ts'
import { createRestarts } from './restarts.ts'
import type { RunningServer } from './running.ts'
import type { ServerSettings } from './settings.ts'

export interface WorkersOptions {
  readonly count: number
  /** Addresses on which other programs listen on the same port. */
  readonly others: readonly string[]
  /** Called once with each different sentence about the event log. */
  report(sentence: string): void
  /** Called when the workers end again and again, after all of them have ended. `why`: a sentence. */
  failed(why: string): void
}

export interface Workers extends RunningServer {
  /** Replaces one worker after the other. Each one ends with goodbyes after its successor has begun to listen. */
  restart(): Promise<void>
}

/** Place of one worker. A worker that replaces another one takes over its place. */
interface Place {
  readonly number: number
  /** The worker that listens. */
  worker: Started | null
  /** A worker that starts and does not listen yet. */
  next: Started | null
}

interface Started {
  readonly worker: Worker
  readonly startedAtMs: number
  /** Rejects with an error for the person who starts the server if the worker ends before it listens. */
  readonly listening: Promise<void>
  readonly ended: Promise<void>
}

const PROGRAM = join(import.meta.dirname, 'worker.ts')

/** Time limit for the goodbyes of a worker, which closes its last connections after 1.5 s. Then it is killed. */
const END_MS = 3000

/** Starts the workers. Resolves when all of them listen. `settings.port` must not be 0. */
export async function runWorkers(settings: ServerSettings, options: WorkersOptions): Promise<Workers> {
  const { count, others, report, failed } = options
  const log = createEntryLog(settings.log)
  const restarts = createRestarts(count)
  const places = Array.from({ length: count }, (_, i): Place => ({ number: i + 1, worker: null, next: null }))
  const running = new Set<Started>()
  const reported = new Set<string>()
  let joinAt: readonly string[] = []
  /** True while the workers must not be replaced: during the start and after the beginning of the end. */
  let isFixed = true
  let restarting: Promise<void> | null = null

  cluster.schedulingPolicy = cluster.SCHED_RR
  // Without `args`, the workers would get the flags of this process, which may contain a password.
  cluster.setupPrimary({ exec: PROGRAM, args: [] })

  try {
    await Promise.all(places.map((place) => start(place).listening))
  } catch (error) {
    endNow()
    throw error
  }
  isFixed = false

  return {
    port: settings.port,
    joinAt(addresses) {
      joinAt = addresses
      for (const started of running) tell(started, { is: 'join-at', addresses })
    },
    async end(why) {
      log('info', 'stopping the workers', { signal: why })
      isFixed = true
      await Promise.all(Array.from(running, (started) => end(started, why)))
      log('info', 'all workers have ended')
    },
    endNow,
    restart: () => (restarting ??= restartAll().finally(() => (restarting = null))),
  }

  /** Starts a worker. When it listens, the worker that it replaces ends. */
  function start(place: Place): Started {
    const worker = cluster.fork()
    const closeUntaken = rememberConnection(worker)
    const listening = Promise.withResolvers<void>()
    const ended = Promise.withResolvers<void>()
    const started = {
      worker,
      startedAtMs: performance.now(),
      listening: listening.promise,
      ended: ended.promise,
    }
    let why: string | null = null
    running.add(started)
    place.next = started
    worker.on('message', (message: unknown) => {
      if (!isFromWorker(message)) return
      if (message.is === 'failed') why = message.why
      else if (message.is === 'listening') {
        takeOver(place, started)
        listening.resolve()
      } else if (!reported.has(message.sentence)) {
        reported.add(message.sentence)
        report(message.sentence)
      }
      if (why !== null) listening.reject(new Error(why))
    })
    worker.on('exit', (code: number, signal: string | null) =>
      over(signal ? `was ended by ${signal}` : `ended with exit code ${code}`),
    )
    worker.on('error', ({ message }: Error) => over(`could not be started: ${message}`))
    // Each caller that waits for the worker handles its error.
    listening.promise.catch(() => {})
    tell(started, { is: 'task', task: { settings, worker: place.number, others } })
    tell(started, { is: 'join-at', addresses: joinAt })
    return started

    function over(how: string): void {
      if (!running.delete(started)) return
      closeUntaken()
      const sentence = why ?? `A worker ${how}.`
      listening.reject(new Error(sentence))
      ended.resolve()
      if (!isFixed) lost(place, started, sentence)
    }
  }

  function takeOver(place: Place, started: Started): void {
    const before = place.worker
    place.worker = started
    place.next = null
    log('info', 'worker listens', { worker: place.number, pid: started.worker.process.pid })
    if (before) void end(before, 'another worker has taken over')
  }

  /** Replaces a worker that has ended, unless another one is in its place. */
  function lost(place: Place, started: Started, why: string): void {
    if (place.next === started) place.next = null
    else if (place.worker === started) place.worker = null
    else return
    log('error', 'worker ended', { worker: place.number, pid: started.worker.process.pid, why })
    if (place.worker || place.next) return
    const ages = places.map(({ worker }) => (worker ? performance.now() - worker.startedAtMs : 0))
    const pauseMs = restarts.pauseMs(performance.now() - started.startedAtMs, Math.max(...ages))
    if (pauseMs === null) return void giveUp(why)
    setTimeout(() => {
      if (!isFixed && !place.worker && !place.next) start(place)
    }, pauseMs)
  }

  async function giveUp(why: string): Promise<void> {
    isFixed = true
    await Promise.all(Array.from(running, (started) => end(started, 'other workers end again and again')))
    failed(`The workers end again and again, so the server ends. The reason of the last one: ${why}`)
  }

  async function restartAll(): Promise<void> {
    log('info', 'restarting the workers one after the other')
    for (const place of places) {
      if (isFixed) return
      const before = place.worker
      // A worker that is starting anyway needs no successor.
      const next = place.next ?? start(place)
      try {
        await next.listening
      } catch (error) {
        const why = error instanceof Error ? error.message : String(error)
        return log('error', 'restart given up: a new worker could not start', { worker: place.number, why })
      }
      await before?.ended
    }
    log('info', 'all workers are restarted')
  }

  async function end(started: Started, why: string): Promise<void> {
    tell(started, { is: 'end', why })
    const kill = setTimeout(() => started.worker.process.kill('SIGKILL'), END_MS)
    await started.ended
    clearTimeout(kill)
  }

  function endNow(): void {
    isFixed = true
    for (const { worker } of running) worker.process.kill('SIGKILL')
  }
}

/** Sends a message to a worker. A worker that has just ended does not get it. */
function tell({ worker }: Started, message: ToWorker): void {
  worker.send(message, () => {})
}

/**
 * Returns a function that closes the connection that the worker was given last, unless the worker has taken it. Node does
 * not close such a connection when the worker is killed, so its client would wait without end for a response.
 */
function rememberConnection(worker: Worker): () => void {
  let latest: { close?: () => void } | undefined
  const { process: child } = worker
  const send = child.send.bind(child)
  child.send = (message: object, handle?: unknown, ...rest: never[]): boolean => {
    if (typeof handle === 'object' && handle !== null) latest = handle
    return send(message, handle as never, ...rest)
  }
  // Node has closed a connection that was taken, and to close it again has no effect.
  return () => latest?.close?.()
}
