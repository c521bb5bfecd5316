/** Runs a student's program in a separate process: starts it, sends it commands, watches it, and always ends it. */
import { spawn, spawnSync } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, realpathSync } from 'node:fs'
import { connect } from 'node:net'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import type { Readable } from 'node:stream'
import type { HostedFile } from './hosted/kinds.ts'
import { PULSE_FD, REPORTS_FD } from './hosted/message.ts'
import type { Command, Reply, HostTask, ProcessReport } from './hosted/message.ts'
import { createPatience } from './patience.ts'
import type { Patience } from './patience.ts'
import { freePort } from './port.ts'
import { startRedis } from './redis.ts'
import type { RedisLink, Redis } from './redis.ts'
import { inspectorIn, isAsleep, stackOf } from './blocked-thread.ts'
import { ProgramEnded, placeIn, thrownIn, trouble, troubleOf } from './trouble.ts'
import type { Trouble, TroubleKind } from './trouble.ts'

export interface Program extends AsyncDisposable {
  /** Port on 127.0.0.1. */
  readonly port: number
  /** Clock of the program. All waiting for the program is measured with it. */
  readonly patience: Patience
  /** Resolves with the reason when the process has ended. */
  readonly ended: Promise<Trouble>
  /** Returns the last error that a handler threw since the previous call. */
  threw(): Trouble | null
  /** Returns the end of the text that the program has written to stdout and stderr. */
  output(): string
  /** Connection of the program to Redis; null without Redis. */
  readonly link: RedisLink | null
  /** Starts the same program in a second process with the same Redis. Always returns the same one, which ends with this program. */
  secondProcess(): Promise<Program>
  /** Starts the same program in a new process, which the caller has to stop. */
  freshProcess(onBegin?: ProgramOptions['onBegin']): Promise<Program>
  /** Sends a command and resolves with its result. Rejects with `ProgramEnded` if the process ends first. */
  send(command: Command): Promise<unknown>
  /** Ends the program because it has exceeded a bound, and names the line that it was at. */
  accuse(kind: TroubleKind, what: string): void
  /** True after `accuse`. The program then ends when its line is found. */
  isAccused(): boolean
  stop(): Promise<void>
}

export interface ProgramOptions {
  readonly port?: number
  /** Origin of the sandbox whose feed the program follows; without it the check controls the feed. */
  readonly follows?: string
  /** File of a page that the program's server shows at `/page`. */
  readonly page?: string | undefined
  /** Called with the output of the program, from stdout and stderr. */
  readonly onOutput?: (text: string) => void
  /** Redis for an exercise that needs one. Default: a new one. */
  readonly redis?: Redis
  /** Called before the program starts, so that a check can hold its first commands to Redis. */
  readonly onBegin?: (beginning: Beginning) => void
}

/** A program with Redis that may not listen yet. */
export interface Beginning extends Pick<Program, 'port' | 'patience'> {
  readonly link: RedisLink
}

/** The port of the inspector is opened only by the signal that is sent to a blocked program. Long stacks reach the student's code. */
const NODE_FLAGS = ['--inspect-port=0', '--stack-trace-limit=50', '--max-old-space-size=1024']

const HOST = join(import.meta.dirname, 'hosted/host.ts')

/** Time limit from the first beat to ready, in the program's time. Importing takes about 50 ms. */
const READY_MS = 5000

/** Interval at which the kit checks whether the thread has been free. The program's beat is twice as fast. */
const LOOK_MS = 100

/**
 * Number of pulses without a beat after which the thread counts as possibly blocked. The pulse comes from another
 * thread of the same process, so on a busy machine it is late too.
 */
const STUCK_PULSES = 12

/** Processor time that a loop has used since the last beat. A thread that used less may only be waiting for the processor. */
const LOOP_CPU_MS = 1000

/** Processor time after which a thread without a known line counts as blocked, for example by a regular expression. */
const UNKNOWN_CPU_MS = 3000

/** Number of looks in a row at which a thread without a beat was asleep, before it counts as blocked by a call that waits. */
const ASLEEP_LOOKS = 10

/** Number of attempts to find the line before a thread counts as blocked, on a platform that does not tell whether it sleeps. */
const ATTEMPTS = 3

/** Pulses for which the inspector may be silent. Pulses and not time, because on a busy machine it is slow as well. */
const INSPECTOR_PULSES = 20

/** Bound for the program's output. The solutions print up to 3 kB in all their checks. */
const OUTPUT_LIMIT_MB = 1

/** Bound for the memory of the process. The solutions use up to 150 MB. */
const MEMORY_LIMIT_MB = 600

/** Time in which the line of a program that has exceeded a bound can be found. */
const PLACE_MS = 5000

/** Time from the end of the process to the end of its output, which another process may keep open. */
const LAST_OUTPUT_MS = 1000

/** Resolves when the program accepts requests; throws `ProgramEnded` if it never does. */
export async function startProgram(
  folder: string,
  exercise: HostedFile,
  options: ProgramOptions = {},
): Promise<Program> {
  const { port = 0, follows = null, page = null, onOutput = () => {} } = options
  const file = join(folder, `${exercise.name}.ts`)
  if (!existsSync(file))
    throw new ProgramEnded(trouble('no file', `There is no ${exercise.name}.ts in ${folder}.`, null))
  const home = realpathSync(folder)
  const { hosted } = exercise
  const task: HostTask = {
    file: join(home, `${exercise.name}.ts`),
    hosted,
    port: hosted.kind === 'server' && port === 0 ? await freePort() : port,
    follows,
    page,
  }

  const isWithRedis = hosted.kind === 'server' && hosted.with === 'redis'
  const redis = isWithRedis ? (options.redis ?? (await startRedis())) : null
  const link = redis && (await redis.link())
  const child = spawn(process.execPath, [...NODE_FLAGS, HOST], {
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
  const kill = () => child.kill('SIGKILL')
  process.once('exit', kill)
  child.once('exit', () => process.off('exit', kill))
  // A lane runs for hours, so all that it prints is no sign of a fault.
  const run = observe(child, home, onOutput, follows === null ? OUTPUT_LIMIT_MB : Infinity)
  if (link) options.onBegin?.({ link, port: task.port, patience: run.patience })
  child.send(task)
  let second: Promise<Program> | null = null
  const freshProcess: Program['freshProcess'] = (onBegin) =>
    startProgram(folder, exercise, { ...options, port: 0, ...(redis && { redis }), ...(onBegin && { onBegin }) })
  const stop = async () => {
    await second?.then((other) => other.stop()).catch(() => {})
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
      output: run.output,
      send: run.send,
      accuse: run.accuse,
      isAccused: run.isAccused,
      link,
      secondProcess: () => (second ??= freshProcess()),
      freshProcess,
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
  output(): string
  send(command: Command): Promise<unknown>
  accuse(kind: TroubleKind, what: string): void
  isAccused(): boolean
  end(cause: Trouble): void
  stop(): Promise<void>
}

function observe(child: ChildProcess, home: string, onOutput: (text: string) => void, outputLimitMb: number): Run {
  const ready = Promise.withResolvers<number>()
  const ended = Promise.withResolvers<Trouble>()
  const waiting = new Map<number, PromiseWithResolvers<unknown> & { readonly command: Command }>()
  const inspector = Promise.withResolvers<string>()
  const patience = createPatience()
  let output = ''
  let recentStderr = ''
  let cause: Trouble | null = null
  let threw: Trouble | null = null
  /** Processor time at the last beat; null before the first one, because loading is not the program's own work. */
  let beatAtCpuMs: number | null = null
  let cpuMs = 0
  /** Pulses since the last beat, or since the last attempt to find the line. */
  let pulses = 0
  let isFree = false
  let attempts = 0
  /** Looks since the last beat at which the thread was asleep, in a row. */
  let asleep = 0
  /** Ends the current attempt to find the line; null if there is none. */
  let asking: AbortController | null = null
  let outputChars = 0
  let isAccused = false
  let isOver = false
  let number = 0

  const looking = setInterval(() => {
    if (isFree) patience.step(LOOK_MS)
    isFree = false
    // During an attempt the thread may sleep because the inspector has paused it.
    if (pulses > 0 && !asking) asleep = isAsleep(child.pid) === true ? asleep + 1 : 0
    if (asking && pulses > INSPECTOR_PULSES) asking.abort()
    if (beatAtCpuMs !== null && !asking && !isAccused && pulses > STUCK_PULSES) void askWhere(beatAtCpuMs)
  }, LOOK_MS)

  /** Adds the line that Node has printed, if the value that was thrown has no stack. */
  const placed = (why: Trouble | null) =>
    why?.kind === 'crash' && why.where === null ? { ...why, where: placeIn(recentStderr, home) } : why
  const end = (why: Trouble) => {
    cause ??= why
    child.kill('SIGKILL')
  }
  const neverReady = () =>
    isAccused || end(trouble('never ready', `The program was not ready within ${READY_MS / 1000} s.`, null))
  const isReady = patience.after(READY_MS, neverReady)
  const onReport = (report: ProcessReport) => {
    pulses = 0
    attempts = 0
    asleep = 0
    asking?.abort()
    if (report.is === 'beat') {
      isFree = true
      beatAtCpuMs = cpuMs
    } else if (report.is === 'ready') {
      isReady()
      ready.resolve(report.port)
    } else if (report.is === 'threw') threw = troubleOf(report, home)
    else cause ??= troubleOf(report, home)
  }
  const askWhere = async (sinceCpuMs: number) => {
    const attempt = new AbortController()
    asking = attempt
    attempts += 1
    pulses = 0
    const stack = await stackOf(child, inspector.promise, attempt.signal)
    asking = null
    pulses = 0
    const where = stack === null ? null : placeIn(stack, home)
    const usedMs = cpuMs - sinceCpuMs
    const isLoop = usedMs >= (where === null ? UNKNOWN_CPU_MS : LOOP_CPU_MS)
    const isWaiting = isAsleep(child.pid) === null ? attempts >= ATTEMPTS : asleep >= ASLEEP_LOOKS
    // After a beat there are no attempts. If neither holds, the thread only waits for the processor.
    if (attempts === 0 || !(isLoop || isWaiting)) return
    const kind = where === null ? 'blocked' : 'stuck'
    end(trouble(kind, 'The program blocked its only thread for more than a second.', where))
  }
  const accuse = async (kind: TroubleKind, what: string) => {
    if (isAccused) return
    isAccused = true
    const signal = AbortSignal.timeout(PLACE_MS)
    const stack = await stackOf(child, inspector.promise, signal, home)
    end(trouble(kind, what, stack === null ? null : placeIn(stack, home)))
  }

  const reports = createInterface({ input: child.stdio[REPORTS_FD] as Readable }).on('line', (line) =>
    onReport(JSON.parse(line)),
  )
  const pulse = createInterface({ input: child.stdio[PULSE_FD] as Readable }).on('line', (line) => {
    pulses += 1
    const [cpu = 0, memoryMb = 0] = line.split(' ').map(Number)
    cpuMs = cpu
    if (memoryMb > MEMORY_LIMIT_MB) void accuse('memory', `The program used more than ${MEMORY_LIMIT_MB} MB of memory.`)
  })
  child.on('message', ({ number: answered, value, error }: Reply) => {
    const asked = waiting.get(answered)
    waiting.delete(answered)
    if (error === undefined) asked?.resolve(value)
    else asked?.reject(asked.command.is === 'call' ? thrownIn(error, home) : new Error(error))
  })
  const onText = (text: string) => {
    outputChars += text.length
    if (outputChars > outputLimitMb * 1_000_000)
      return void accuse('output', `The program printed more than ${outputLimitMb} MB of text.`)
    output = `${output}${text}`.slice(-OUTPUT_CHARS)
    onOutput(text)
  }
  child.stdout?.setEncoding('utf8').on('data', onText)
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    recentStderr += text
    const address = inspectorIn(recentStderr)
    recentStderr = recentStderr.slice(-STDERR_CHARS)
    if (address !== null) inspector.resolve(address)
    const own = text.replace(INSPECTOR_LINES, '')
    if (own !== '') onText(own)
  })
  child.on('error', () => {})
  child.once('disconnect', () => setTimeout(() => child.kill('SIGKILL'), LAST_OUTPUT_MS).unref())
  // A process that the program has started may hold the pipes open.
  child.once('exit', () => setTimeout(() => child.stdio.forEach((pipe) => pipe?.destroy()), LAST_OUTPUT_MS).unref())
  // `close` comes after the last report and the last byte of output; `exit` can come before them.
  child.once('close', (code, signal) => {
    clearInterval(looking)
    reports.close()
    pulse.close()
    isOver = true
    asking?.abort()
    const why = placed(cause) ?? endOf(recentStderr, signal ?? `exit code ${code}`)
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
    output: () => output,
    send(command) {
      const asked = { ...Promise.withResolvers<unknown>(), command }
      number += 1
      if (isOver) void ended.promise.then((why) => asked.reject(new ProgramEnded(why)))
      else waiting.set(number, asked)
      // If the message cannot be sent, the process is ending. Its end is then the result.
      child.send({ number, command }, () => {})
      return asked.promise
    },
    accuse: (kind, what) => void accuse(kind, what),
    isAccused: () => isAccused,
    async stop() {
      if (child.exitCode === null && child.signalCode === null) child.kill('SIGKILL')
      await ended.promise
    },
  }
}

/** Length of the output to keep; far more than a program writes during its checks. */
const OUTPUT_CHARS = 200_000

/** Length of stderr to keep, enough for the line with the inspector's address and for Node's last words. */
const STDERR_CHARS = 4000

/** Lines that Node writes when its inspector is started. */
const INSPECTOR_LINES =
  /^(?:Debugger (?:listening on|attached|ending on).*|For help, see:.*|Waiting for the debugger.*)\n?/gm

/** Trouble of a process that has ended without a report. */
function endOf(stderr: string, how: string): Trouble {
  if (/heap out of memory/.test(stderr))
    return trouble('memory', 'The program used all memory that Node gives it.', null)
  return trouble('killed', `The process ended by itself (${how}).`, null)
}

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

/** Adds the line to a syntax error that has none, with the help of `node --check`. */
async function located(error: unknown, file: string): Promise<unknown> {
  if (!(error instanceof ProgramEnded) || error.trouble.kind !== 'syntax' || error.trouble.where !== null) return error
  const { stderr } = spawnSync(process.execPath, ['--check', file], { encoding: 'utf8' })
  const where = placeIn(stderr, realpathSync(join(file, '..')))
  return new ProgramEnded({ ...error.trouble, where })
}
