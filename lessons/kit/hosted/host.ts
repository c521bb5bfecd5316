/**
 * The process of a student's program: imports its file, serves what it exports, does what the check
 * says, and tells what becomes of it. Told everything by messages; never started by hand.
 */
import { once } from 'node:events'
import { writeSync } from 'node:fs'
import { pathToFileURL } from 'node:url'
import { Worker } from 'node:worker_threads'
import type { Draft } from '../../../server/protocol.ts'
import type { Goodbye, Transport } from '../../../server/transports/transport.ts'
import { watchClients } from './clients.ts'
import type { WatchedClients } from './clients.ts'
import { freeze, freezeCounter, thaw, tick } from './frozen.ts'
import { openLog } from './log.ts'
import type { OpenLog } from './log.ts'
import type { Called, Command, Reply, Task, Word } from './message.ts'
import { PULSE_FD, WORDS_FD } from './message.ts'
import { mirrorOf } from './mirror.ts'
import { resolveFromAnywhere, takePlace } from './resolve.ts'
import { countSent } from './sent.ts'
import type { Sending } from './sent.ts'
import { watch } from './watched.ts'
import type { Watched } from './watched.ts'

const BEAT_MS = 50

/** Short, and the same in every run: what crosses the wire is shown to people. */
const EPOCH = 'k3'

/** How far the program's time is moved at once, so that what hangs on one timer can set the next. */
const TICK_MS = 250

/** … where it is looked at how long it waits: its timers are late by so much at the most. */
const CLIENT_TICK_MS = 50

interface Host {
  readonly exported: Readonly<Record<string, unknown>>
  readonly log: OpenLog
  readonly watched: Watched
  readonly sending: Sending
  readonly clients: WatchedClients
  readonly tickMs: number
  goodbye: Goodbye
}

process.once('message', (task: Task) => void begin(task))
process.once('disconnect', () => leave(0))

const leave = process.exit.bind(process)

async function begin(task: Task): Promise<void> {
  // Before anything of the student's runs: a thread does not come up beside a loop that never ends.
  const orphan = new Worker(new URL('./orphan.ts', import.meta.url), { workerData: PULSE_FD })
  orphan.unref()
  await once(orphan, 'message')
  await load(task)
  tell({ is: 'beat' })
  setInterval(() => tell({ is: 'beat' }), BEAT_MS).unref()
  tellTroubles()
  resolveFromAnywhere()
  const log = openLog(EPOCH)
  const watched = watch(task.follows === null ? log : await mirrorOf(task.follows))

  const sending = countSent()
  const clients = watchClients()
  // A lane beside the sandbox lives in the sandbox's time.
  if (isFrozen(task)) freeze()
  if (isFrozen(task) && task.hosted.kind === 'server') freezeCounter()

  const exported = await importProgram(task)
  const tickMs = task.hosted.kind === 'client' ? CLIENT_TICK_MS : TICK_MS
  const host: Host = { exported, log, watched, sending, clients, tickMs, goodbye: () => {} }
  const port = await serve(task, host)
  process.on('message', ({ number, command }: { number: number; command: Command }) => {
    obey(command, host).then(
      (value) => answer({ number, value }),
      (error: unknown) =>
        answer({ number, error: error instanceof Error ? (error.stack ?? error.message) : String(error) }),
    )
  })
  tell({ is: 'ready', port })
}

/** What the program is going to need. Loading it holds the thread, on a busy machine for seconds, and that is none of the program's doing. */
async function load({ hosted }: Task): Promise<void> {
  if (hosted.kind === 'transport') await import('./served.ts')
  if (hosted.kind !== 'server') return
  await import('fastify')
  if (hosted.with === 'redis') await import('ioredis')
}

const isFrozen = ({ hosted, follows }: Task): boolean =>
  hosted.kind === 'client' ||
  ('isFrozen' in hosted && hosted.isFrozen === true && (hosted.kind === 'part' || follows === null))

/** By a write that blocks: a word that is only queued dies with the process. */
function tell(word: Word): void {
  try {
    writeSync(WORDS_FD, `${JSON.stringify(word)}\n`)
  } catch {
    // Whoever listened is gone, and `disconnect` will say so.
  }
}

function answer(reply: Reply): void {
  process.send?.(reply, undefined, undefined, () => {})
}

function tellTroubles(): void {
  process.on('uncaughtException', (error: unknown) => {
    tell({ is: 'uncaught', ...describe(error) })
    leave(1)
  })
  process.exit = (code) => {
    tell({ is: 'exit', exitCode: Number(code ?? process.exitCode ?? 0), stack: new Error('process.exit').stack ?? '' })
    return leave(code)
  }
}

function describe(error: unknown) {
  const {
    message = String(error),
    stack = String(error),
    code,
    port,
  }: Partial<NodeJS.ErrnoException & { port: number }> = error instanceof Error ? error : {}
  return { message, stack, ...(code !== undefined && { code }), ...(typeof port === 'number' && { port }) }
}

/** What the check may call: of a part, what the whole exports. */
async function importProgram({ file, port, hosted }: Task): Promise<Record<string, unknown>> {
  if (hosted.kind === 'server') process.env['PORT'] = String(port)
  const own = await importFile(file)
  if (hosted.kind !== 'part') return own
  if (typeof own[hosted.exported] !== 'function') {
    tell({ is: 'no export', exported: hosted.exported, found: Object.keys(own) })
    return leave(1)
  }
  takePlace(hosted.inPlaceOf, file)
  return importFile(hosted.of)
}

async function importFile(file: string): Promise<Record<string, unknown>> {
  try {
    return await import(pathToFileURL(file).href)
  } catch (error) {
    tell({ is: 'import', ...describe(error) })
    return leave(1)
  }
}

async function serve({ hosted, port, follows }: Task, host: Host): Promise<number> {
  if (hosted.kind === 'client' && typeof host.exported[hosted.exported] !== 'function') {
    tell({ is: 'no export', exported: hosted.exported, found: Object.keys(host.exported) })
    return leave(1)
  }
  if (hosted.kind === 'client') host.clients.use(host.exported[hosted.exported])
  if (hosted.kind !== 'transport') return port
  const transport = host.exported[hosted.exported]
  if (!isTransport(transport)) {
    tell({ is: 'no export', exported: hosted.exported, found: Object.keys(host.exported) })
    return leave(1)
  }
  const { serveTransport } = await import('./served.ts')
  const served = serveTransport(transport, { follows, feed: host.watched.feed, threw })
  host.goodbye = served.goodbye
  host.sending.watch(served.server)
  try {
    return await served.listen(port)
  } catch (error) {
    tell({ is: 'import', ...describe(error) })
    return leave(1)
  }
}

const threw = (error: Error): void => tell({ is: 'threw', ...describe(error) })

const isTransport = (value: unknown): value is Transport =>
  typeof value === 'object' && value !== null && 'serve' in value && typeof value.serve === 'function'

async function obey(command: Command, host: Host): Promise<unknown> {
  const { log, watched } = host
  switch (command.is) {
    case 'publish': {
      const events = log.make(command.room, command.texts.map(draftOf), command.atMs)
      log.put(command.room, events)
      return events
    }
    case 'ambush':
      return watched.ambush(command.room, command.use, () => {
        const events = log.make(command.room, command.texts.map(draftOf))
        const event = events.at(-1)
        if (!event) throw new Error('Nothing was made.')
        log.put(command.room, events)
        if (command.keep !== null) log.forget(command.room, command.keep)
        return event
      })
    case 'reads':
      // Behind what the program does in this turn.
      await new Promise((resolve) => setImmediate(resolve))
      return watched.reads(command.room)
    case 'sent':
      await new Promise((resolve) => setImmediate(resolve))
      return host.sending.sent()
    case 'forget':
      return log.forget(command.room, command.keep)
    case 'goodbye':
      return host.goodbye()
    case 'freeze':
      return freeze()
    case 'tick':
      await tick(command.ms, host.tickMs)
      return null
    case 'thaw':
      return thaw()
    case 'connect':
      return host.clients.connect(command.origin, command.rooms, command.after)
    case 'clients':
      await new Promise((resolve) => setImmediate(resolve))
      return host.clients.seen()
    case 'disconnect':
      return host.clients.disconnect()
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
  return { value: await value, isPromise, args }
}
