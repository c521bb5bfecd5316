/**
 * The process of a student's program: it imports the file, serves its exports, executes the check's commands and reports
 * errors. The kit starts it and controls it by messages.
 */
import { once } from 'node:events'
import { writeSync } from 'node:fs'
import { dirname } from 'node:path'
import { pathToFileURL } from 'node:url'
import { inspect } from 'node:util'
import { Worker } from 'node:worker_threads'
import type { Draft } from '../../../server/protocol/feed.ts'
import type { Goodbye, Transport } from '../../../server/transports/transport.ts'
import { watchClients } from './clients.ts'
import type { WatchedClients } from './clients.ts'
import { countTimers, fixRandom, freeze, freezeCounter, thaw, tick } from './frozen.ts'
import { openLog } from './log.ts'
import type { OpenLog } from './log.ts'
import { describe } from './describe.ts'
import type { Called, Command, Reply, HostTask, ProcessReport } from './message.ts'
import { PULSE_FD, REPORTS_FD } from './message.ts'
import { mirrorOf } from './mirror.ts'
import { servePage } from './page.ts'
import { resolveFromAnywhere, takePlace } from './resolve.ts'
import { countSent } from './sent.ts'
import type { Sending } from './sent.ts'
import type { Spoiling } from './spoiled.ts'
import { inOwnTurn } from './turn.ts'
import { watch } from './watched.ts'
import type { Watched } from './watched.ts'

const BEAT_MS = 50

/** Usual epoch of the feed: short and always the same, because reports show it. */
const EPOCH = 'k3'

/** Step in which the program's time is moved, so that the callback of one timer can set the next one. */
const TICK_MS = 250

/** Step for a client, whose pauses are measured: its timers are late by at most this much. */
const CLIENT_TICK_MS = 50

interface Host {
  readonly exported: Readonly<Record<string, unknown>>
  readonly log: OpenLog
  readonly watched: Watched
  readonly sending: Sending
  readonly clients: WatchedClients
  /** Only for a whole server. */
  readonly spoiling: Spoiling | null
  readonly tickMs: number
  goodbye: Goodbye
}

process.once('message', (task: HostTask) => void begin(task))
process.once('disconnect', () => leave(0))

const leave = process.exit.bind(process)

async function begin(task: HostTask): Promise<void> {
  // Started before the student's code, because a thread cannot start while an endless loop runs.
  const orphan = new Worker(new URL('./orphan.ts', import.meta.url), { workerData: PULSE_FD })
  orphan.unref()
  await once(orphan, 'message')
  await load(task)
  report({ is: 'beat' })
  setInterval(() => report({ is: 'beat' }), BEAT_MS).unref()
  reportErrors()
  resolveFromAnywhere()
  const log = openLog(EPOCH)
  const watched = watch(task.follows === null ? log : await mirrorOf(task.follows))

  const sending = countSent()
  const clients = watchClients(task.hosted.kind === 'client')
  const spoiling = task.hosted.kind === 'server' ? (await import('./spoiled.ts')).watchSends() : null
  // A lane beside the sandbox uses the real time.
  if (isFrozen(task)) freeze()
  if (isFrozen(task) && task.hosted.kind === 'server') freezeCounter()

  if (task.page !== null) servePage(task.page, dirname(task.file))
  const exported = await importProgram(task)
  const tickMs = task.hosted.kind === 'client' ? CLIENT_TICK_MS : TICK_MS
  const host: Host = { exported, log, watched, sending, clients, spoiling, tickMs, goodbye: () => {} }
  const port = await serve(task, host)
  process.on('message', ({ number, command }: { number: number; command: Command }) => {
    execute(command, host).then(
      (value) => reply({ number, value }),
      (error: unknown) =>
        reply({ number, error: error instanceof Error ? (error.stack ?? error.message) : String(error) }),
    )
  })
  report({ is: 'ready', port })
}

/** Loads the packages that the program needs, so that their loading time is not counted as the program's. */
async function load({ hosted }: HostTask): Promise<void> {
  if (hosted.kind === 'transport') await import('./served.ts')
  if (hosted.kind !== 'server') return
  await import('fastify')
  if (hosted.with === 'redis') await import('ioredis')
}

const isFrozen = ({ hosted, follows }: HostTask): boolean =>
  hosted.kind === 'client' ||
  ('isFrozen' in hosted && hosted.isFrozen === true && (hosted.kind === 'part' || follows === null))

/** Sends a report with a blocking write, because a queued one is lost if the process ends. */
function report(message: ProcessReport): void {
  try {
    writeSync(REPORTS_FD, `${JSON.stringify(message)}\n`)
  } catch {
    // The kit has ended; `disconnect` reports that.
  }
}

function reply(message: Reply): void {
  process.send?.(message, undefined, undefined, () => {})
}

/** Returns the value, or a text that shows it if it cannot be sent, such as a function. */
function sendable(value: unknown): unknown {
  try {
    structuredClone(value)
    return value
  } catch {
    return inspect(value)
  }
}

function reportErrors(): void {
  // A monitor, not a listener: after it, Node prints the line that threw. Only so is the line of `throw null` known.
  process.on('uncaughtExceptionMonitor', (error: unknown) => {
    report({ is: 'uncaught', ...describe(error) })
    if (error instanceof Error) leave(1)
    process.removeAllListeners('uncaughtException')
  })
  process.exit = (code) => {
    report({
      is: 'exit',
      exitCode: Number(code ?? process.exitCode ?? 0),
      stack: new Error('process.exit').stack ?? '',
    })
    return leave(code)
  }
}

/** Returns the exports that the check can call; for a part, those of the whole program. */
async function importProgram({ file, port, hosted }: HostTask): Promise<Record<string, unknown>> {
  if (hosted.kind === 'server') process.env['PORT'] = String(port)
  const own = await importFile(file)
  if (hosted.kind !== 'part') return own
  if (typeof own[hosted.exported] !== 'function') {
    report({ is: 'no export', exported: hosted.exported, found: Object.keys(own) })
    return leave(1)
  }
  takePlace(hosted.replacedPath, file)
  return importFile(hosted.programPath)
}

async function importFile(file: string): Promise<Record<string, unknown>> {
  try {
    return await import(pathToFileURL(file).href)
  } catch (error) {
    report({ is: 'import', ...describe(error) })
    return leave(1)
  }
}

async function serve({ hosted, port, follows }: HostTask, host: Host): Promise<number> {
  if (hosted.kind === 'client' && typeof host.exported[hosted.exported] !== 'function') {
    report({ is: 'no export', exported: hosted.exported, found: Object.keys(host.exported) })
    return leave(1)
  }
  if (hosted.kind === 'client') host.clients.use(host.exported[hosted.exported])
  if (hosted.kind !== 'transport') return port
  const transport = host.exported[hosted.exported]
  if (!isTransport(transport)) {
    report({ is: 'no export', exported: hosted.exported, found: Object.keys(host.exported) })
    return leave(1)
  }
  const { serveTransport } = await import('./served.ts')
  const served = serveTransport(transport, { follows, feed: host.watched.feed, threw })
  host.goodbye = served.goodbye
  host.sending.watch(served.server)
  try {
    return await served.listen(port)
  } catch (error) {
    report({ is: 'import', ...describe(error) })
    return leave(1)
  }
}

const threw = (error: Error): void => report({ is: 'threw', ...describe(error) })

const isTransport = (value: unknown): value is Transport =>
  typeof value === 'object' && value !== null && 'serve' in value && typeof value.serve === 'function'

async function execute(command: Command, host: Host): Promise<unknown> {
  const { log, watched } = host
  switch (command.is) {
    case 'publish': {
      const events = log.make(command.room, command.texts.map(draftOf), command.atMs)
      log.put(command.room, events)
      return events
    }
    case 'publishDuringRead':
      return watched.publishDuringRead(command.room, command.use, () => {
        const events = log.make(command.room, command.texts.map(draftOf))
        const event = events.at(-1)
        if (!event) throw new Error('No event was made.')
        log.put(command.room, events)
        if (command.keep !== null) log.forget(command.room, command.keep)
        return event
      })
    case 'reads':
      // Waits for the program's current turn.
      await new Promise((resolve) => setImmediate(resolve))
      return watched.reads(command.room)
    case 'sent':
      await new Promise((resolve) => setImmediate(resolve))
      return host.sending.sent()
    case 'forget':
      return log.forget(command.room, command.keep)
    case 'epoch':
      return log.setEpoch(command.epoch ?? EPOCH)
    case 'goodbye':
      return inOwnTurn(() => void host.goodbye())
    case 'pause':
      return watched.pause(command.room)
    case 'resume':
      return watched.resume(command.room)
    case 'failFollowers':
      return watched.failFollowers(command.room)
    case 'freeze':
      return freeze()
    case 'tick':
      await tick(command.ms, host.tickMs)
      return null
    case 'thaw':
      return thaw()
    case 'timers':
      await new Promise((resolve) => setImmediate(resolve))
      return countTimers()
    case 'random':
      return fixRandom(command.step)
    case 'connect':
      return inOwnTurn(() => host.clients.connect(command.origin, command.rooms, command.after))
    case 'clients':
      await new Promise((resolve) => setImmediate(resolve))
      return host.clients.seen()
    case 'stop':
      return host.clients.stop()
    case 'disconnect':
      return inOwnTurn(() => host.clients.disconnect())
    case 'spoil':
      return host.spoiling?.spoil(command.port)
    case 'call':
      return call(host.exported, command.exported, command.args)
  }
}

const draftOf = (text: string): Draft => ({ type: 'message', user: 'Ada', text })

async function call(exported: Host['exported'], name: string, args: readonly unknown[]): Promise<Called> {
  const called = exported[name]
  if (typeof called !== 'function') throw new Error(`${name} is ${typeof called}, not a function.`)
  const value: unknown = called(...args)
  const isPromise = typeof value === 'object' && value !== null && 'then' in value
  // The check refuses a promise, so nobody waits for it or handles its error.
  if (isPromise) Promise.resolve(value).catch(() => {})
  return { value: isPromise ? null : sendable(value), isPromise, args: args.map(sendable) }
}
