/** A student's program in a process of its own: started, spoken to, watched, and ended for certain. */
import { spawn, spawnSync } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, realpathSync } from 'node:fs'
import { connect } from 'node:net'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import type { Readable } from 'node:stream'
import type { Exercise } from './exercise.ts'
import { PULSE_FD, WORDS_FD } from './hosted/message.ts'
import type { Command, Reply, Task, Word } from './hosted/message.ts'
import { createPatience } from './patience.ts'
import type { Patience } from './patience.ts'
import { freePort } from './port.ts'
import { startRedis } from './redis.ts'
import type { Link, Redis } from './redis.ts'
import { inspectorIn, stackOf } from './stuck.ts'
import { ProgramEnded, placeIn, trouble, troubleOf } from './trouble.ts'
import type { Trouble } from './trouble.ts'

export interface Program extends AsyncDisposable {
  /** On 127.0.0.1. */
  readonly port: number
  /** Its own time: how long anybody waits for it is counted in that. */
  readonly patience: Patience
  /** Resolves when the process has ended, however that came about. */
  readonly ended: Promise<Trouble>
  /** What a handler of it last threw, since this was last asked. */
  threw(): Trouble | null
  /** Its own way to Redis; null where it has none. */
  readonly link: Link | null
  /** The same program once more, in another process and beside the same Redis; always the same one, which ends with this. */
  beside(): Promise<Program>
  /** … in a process of the caller's own, which begins now and has to be stopped. */
  anew(): Promise<Program>
  /** Rejects with `ProgramEnded` where the process ends before it answers. */
  tell(command: Command): Promise<unknown>
  stop(): Promise<void>
}

export interface ProgramOptions {
  readonly port?: number
  /** The sandbox whose feed it follows; without it the feed is the check's own. */
  readonly follows?: string
  /** What the program itself writes to its stdout and stderr. */
  readonly says?: (text: string) => void
  /** Where the exercise wants one; default: one of its own. */
  readonly redis?: Redis
}

const HOST = join(import.meta.dirname, 'hosted/host.ts')

/** From the first beat to ready, in the program's own time. Importing takes some 50 ms. */
const READY_MS = 5000

/** The process is looked at so often: has its thread been free since? Its own beat is twice as fast. */
const LOOK_MS = 100

/**
 * So many pulses without a beat mean that the thread does not come back, and are asked about. The pulse comes from
 * another thread of the same process: on a busy machine it is late as well.
 */
const STUCK_PULSES = 12

/** A loop has used so much of the processor since the last beat. A thread that got less may have been kept waiting for it. */
const LOOP_CPU_MS = 1000

/**
 * A thread that waits inside of Node cannot say where it is, and one that gets no processor says it too late. After so
 * many askings in vain, with pulses and without a beat between them, it is the former.
 */
const VAIN_ASKINGS = 3

/** Resolves when the program takes requests; throws `ProgramEnded` where it never does. */
export async function startProgram(folder: string, exercise: Exercise, options: ProgramOptions = {}): Promise<Program> {
  const { port = 0, follows = null, says = () => {} } = options
  const file = join(folder, `${exercise.name}.ts`)
  if (!existsSync(file))
    throw new ProgramEnded(trouble('no file', `There is no ${exercise.name}.ts in ${folder}.`, null))
  const home = realpathSync(folder)
  const { hosted } = exercise
  const task: Task = {
    file: join(home, `${exercise.name}.ts`),
    hosted,
    port: hosted.kind === 'server' && port === 0 ? await freePort() : port,
    follows,
  }

  // The port of the inspector is opened only by the signal that asks a stuck program where it is.
  const isWithRedis = hosted.kind === 'server' && hosted.with === 'redis'
  const redis = isWithRedis ? (options.redis ?? (await startRedis())) : null
  const link = redis && (await redis.link())
  const child = spawn(process.execPath, ['--inspect-port=0', HOST], {
    stdio: ['ignore', 'pipe', 'pipe', 'pipe', 'pipe', 'ipc'],
    serialization: 'advanced',
    env: {
      ...process.env,
      NO_COLOR: '1',
      FORCE_COLOR: undefined,
      NODE_OPTIONS: undefined,
      NODE_NO_WARNINGS: '1',
      REDIS_URL: link?.url,
    },
  })
  const alive = () => child.kill('SIGKILL')
  process.once('exit', alive)
  child.once('exit', () => process.off('exit', alive))
  const run = observe(child, home, says)
  child.send(task)
  let beside: Promise<Program> | null = null
  const anew = () => startProgram(folder, exercise, { ...options, port: 0, ...(redis && { redis }) })
  const stop = async () => {
    await beside?.then((other) => other.stop()).catch(() => {})
    await run.stop()
    link?.close()
    if (redis !== options.redis) await redis?.stop()
  }
  try {
    const ready = await Promise.race([run.ready, run.ended.then(raise)])
    if (hosted.kind === 'server') await Promise.race([untilListening(ready, run), run.ended.then(raise)])
    return {
      port: ready,
      patience: run.patience,
      ended: run.ended,
      threw: run.threw,
      tell: run.tell,
      link,
      beside: () => (beside ??= anew()),
      anew,
      stop,
      [Symbol.asyncDispose]: stop,
    }
  } catch (error) {
    await stop()
    throw await located(error, task.file)
  }
}

interface Run {
  readonly ready: Promise<number>
  readonly patience: Patience
  readonly ended: Promise<Trouble>
  threw(): Trouble | null
  tell(command: Command): Promise<unknown>
  end(cause: Trouble): void
  stop(): Promise<void>
}

function observe(child: ChildProcess, home: string, says: (text: string) => void): Run {
  const ready = Promise.withResolvers<number>()
  const ended = Promise.withResolvers<Trouble>()
  const waiting = new Map<number, PromiseWithResolvers<unknown>>()
  const inspector = Promise.withResolvers<string>()
  const patience = createPatience()
  let ofStderr = ''
  let cause: Trouble | null = null
  let threw: Trouble | null = null
  /** Null before the first beat: loading is none of the program's doing. */
  let beatAtCpuMs: number | null = null
  let cpuMs = 0
  /** Since the last beat, or since it was asked where it is. */
  let pulses = 0
  let isFree = false
  let vain = 0
  let asking = false
  let number = 0

  const looking = setInterval(() => {
    if (isFree) patience.step(LOOK_MS)
    isFree = false
    if (beatAtCpuMs !== null && !asking && pulses > STUCK_PULSES) void askWhere(beatAtCpuMs)
  }, LOOK_MS)

  const end = (why: Trouble) => {
    cause ??= why
    child.kill('SIGKILL')
  }
  const neverReady = () => end(trouble('never ready', `The program was not ready within ${READY_MS / 1000} s.`, null))
  const isReady = patience.after(READY_MS, neverReady)
  const heard = (word: Word) => {
    pulses = 0
    vain = 0
    if (word.is === 'beat') {
      isFree = true
      beatAtCpuMs = cpuMs
    } else if (word.is === 'ready') {
      isReady()
      ready.resolve(word.port)
    } else if (word.is === 'threw') threw = troubleOf(word, home)
    else cause ??= troubleOf(word, home)
  }
  const askWhere = async (sinceCpuMs: number) => {
    asking = true
    const stack = await stackOf(child, inspector.promise)
    const where = stack === null ? null : placeIn(stack, home)
    // A beat in the meantime, or a thread that is elsewhere: the machine was busy, the program is not stuck.
    if (stack === null) vain += 1
    const loops = where !== null && cpuMs - sinceCpuMs >= LOOP_CPU_MS
    if (pulses > STUCK_PULSES && (loops || vain >= VAIN_ASKINGS))
      end(trouble('stuck', 'The program held its only thread for more than a second.', where))
    pulses = 0
    asking = false
  }

  const words = createInterface({ input: child.stdio[WORDS_FD] as Readable }).on('line', (line) =>
    heard(JSON.parse(line)),
  )
  const pulse = createInterface({ input: child.stdio[PULSE_FD] as Readable }).on('line', (line) => {
    pulses += 1
    cpuMs = Number(line)
  })
  child.on('message', ({ number: of, value, error }: Reply) => {
    const asked = waiting.get(of)
    waiting.delete(of)
    if (error === undefined) asked?.resolve(value)
    else asked?.reject(new Error(error))
  })
  child.stdout?.setEncoding('utf8').on('data', says)
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    ofStderr = `${ofStderr}${text}`.slice(-STDERR_CHARS)
    const address = inspectorIn(ofStderr)
    if (address !== null) inspector.resolve(address)
    const own = text.replace(OF_THE_INSPECTOR, '')
    if (own !== '') says(own)
  })
  child.on('error', () => {})
  // `close` comes behind the last word and the last byte of output; `exit` may overtake them.
  child.once('close', (code, signal) => {
    clearInterval(looking)
    words.close()
    pulse.close()
    const why = cause ?? trouble('killed', `The process ended by itself (${signal ?? `exit code ${code}`}).`, null)
    for (const asked of waiting.values()) asked.reject(new ProgramEnded(why))
    waiting.clear()
    ended.resolve(why)
    patience.end()
  })

  return {
    ready: ready.promise,
    patience,
    ended: ended.promise,
    end,
    threw() {
      const last = threw
      threw = null
      return last
    },
    tell(command) {
      const asked = Promise.withResolvers<unknown>()
      number += 1
      waiting.set(number, asked)
      child.send({ number, command }, (error) => error && asked.reject(error))
      return asked.promise
    },
    async stop() {
      if (child.exitCode === null && child.signalCode === null) child.kill('SIGKILL')
      await ended.promise
    },
  }
}

/** Enough for the line that tells of the inspector, in however many pieces it comes. */
const STDERR_CHARS = 2000

/** What Node writes by itself when its inspector is woken. */
const OF_THE_INSPECTOR =
  /^(?:Debugger (?:listening on|attached|ending on).*|For help, see:.*|Waiting for the debugger.*)\n?/gm

function raise(why: Trouble): never {
  throw new ProgramEnded(why)
}

async function untilListening(port: number, { end, patience }: Run): Promise<void> {
  const limitMs = patience.nowMs + READY_MS
  while (patience.nowMs < Infinity && !(await takesConnections(port))) {
    if (patience.nowMs > limitMs)
      end(trouble('never ready', `Nothing listened on PORT, which was ${port}, within ${READY_MS / 1000} s.`, null))
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
}

async function takesConnections(port: number): Promise<boolean> {
  const socket = connect(port, '127.0.0.1')
  try {
    await once(socket, 'connect')
    return true
  } catch {
    return false
  } finally {
    socket.destroy()
  }
}

/** Some syntax errors come without their place; `node --check` knows it. */
async function located(error: unknown, file: string): Promise<unknown> {
  if (!(error instanceof ProgramEnded) || error.trouble.kind !== 'syntax' || error.trouble.where !== null) return error
  const { stderr } = spawnSync(process.execPath, ['--check', file], { encoding: 'utf8' })
  const where = placeIn(stderr, realpathSync(join(file, '..')))
  return new ProgramEnded({ ...error.trouble, where })
}
