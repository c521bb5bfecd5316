/** The tools of a check: the student's program over the wire, and the feed that the program uses. */
import { connect } from 'node:net'
import type { Socket } from 'node:net'
import { WebSocket } from 'ws'
import type { ClientOptions } from 'ws'
import type { Event } from '../../server/protocol/feed.ts'
import { ANSWER_MS, RECEIVED_LIMIT_KB, ask } from './exchange.ts'
import type { RequestOptions, Exchange, PendingExchange } from './exchange.ts'
import { Late, Unclear, Wrong } from './finding.ts'
import type { Finding } from './finding.ts'
import { shown } from './expect.ts'
import { A_PROMISE, CUT, NO_ANSWER, NO_ROUTE, NOT_ENDED, SERVER_ERROR, TO_DO } from './hints.ts'
import type { Called, Clients, Command, Reads, SentBytes } from './hosted/message.ts'
import type { Patience } from './patience.ts'
import type { Beginning, Program } from './program.ts'
import type { RedisLink } from './redis.ts'
import { ProgramEnded } from './trouble.ts'
import type { Trouble } from './trouble.ts'

export interface Trial {
  /** Room of this check; nobody else publishes or reads in it. */
  readonly room: string
  readonly port: number
  /** Clock of the program, which limits all waiting. */
  readonly patience: Patience

  /**
   * Sends a request and waits for the whole response. Throws `Wrong` if none comes in time, if the
   * connection ends early, and for 404 and every status of 500 or more.
   */
  get(
    target: string,
    asked?: RequestOptions & { readonly late?: Pick<Finding, 'saw' | 'why' | 'hint'> },
  ): Promise<Exchange>
  /** Sends a request and returns at once. Open requests are cut when the check ends. */
  open(target: string, asked?: RequestOptions): PendingExchange
  /** Like `get`, for a request that was sent with `open`. */
  whole(pending: PendingExchange, late?: Pick<Finding, 'saw' | 'why' | 'hint'>): Promise<Exchange>
  /** Opens a WebSocket of the `ws` package, which also reports pings and close codes. */
  websocket(target: string, options?: ClientOptions): WebSocket
  /** Opens a TCP connection to the program. */
  socket(): Socket
  /** From now on, the program's `send` throws for this WebSocket. Only for a whole server that uses `ws`. */
  spoil(socket: WebSocket): Promise<void>

  /** The program's connection to Redis, which the check can cut and hold. Restored when the check ends. Only for exercises with Redis. */
  readonly link: RedisLink
  /** Returns a trial of the same program in a second process, with the same Redis; always the same process. */
  secondProcess(): Promise<Trial>
  /**
   * Returns a trial of the same program in a new process with the same Redis, which ends with the check. `onBegin` is
   * called before the process starts.
   */
  freshProcess(onBegin?: (beginning: Beginning) => void): Promise<Trial>

  /** Returns a trial of the same program in another room. */
  inRoom(room: string): Trial

  /** Publishes these messages in one commit, stamped with the current time. */
  publish(...texts: readonly string[]): Promise<readonly Event[]>
  /** Like `publish`, with this time for all of the messages. */
  publishAt(atMs: number, ...texts: readonly string[]): Promise<readonly Event[]>
  /**
   * Publishes once at a bad moment: after the feed has found nothing new for the program, but before the program
   * gets that result. With `use`: directly after the program's nth use of the feed from now on (a read or a `follow`).
   */
  publishDuringRead(text: string, use?: number): Promise<void>
  /** Publishes directly after the program's next use of the feed, and at the same moment drops all messages but the last. */
  publishAndDropDuringRead(...texts: readonly string[]): Promise<void>
  reads(): Promise<Reads>
  /** Returns counts of what the program has sent on all its connections since it was started. */
  sent(): Promise<SentBytes>
  /** Resolves when the program has read the feed for this request, and has either responded or holds the request. */
  looked(before: Reads, pending: PendingExchange): Promise<Reads>
  /** Holds back the results of the program's reads until `resumeReads` or the end of the check. */
  pauseReads(): Promise<void>
  resumeReads(): Promise<void>
  /** Ends every follower of the room as the feed does if it cannot read the log. */
  failFollowers(): Promise<void>
  /** Drops all events of the room except the last `keep`. */
  forget(keep: number): Promise<void>
  /**
   * Gives ids of another epoch to the events until the check ends, as a log does that has begun again. Call it before the
   * room has events. The usual epoch is short and always the same, so a program that cuts it off by its length passes.
   */
  setEpoch(epoch: string): Promise<void>
  goodbye(): Promise<void>

  /** Stops the program's timers and Date until `tick` moves them or the check ends. Not for a program that is frozen from the start. */
  freeze(): Promise<void>
  tick(ms: number): Promise<void>

  /** Starts the program's client once for each room, after this cursor, or at the end of the room. */
  connect(origin: string, rooms: readonly string[], after?: string): Promise<void>
  /** Returns the state of the clients that this check has started. */
  clients(): Promise<Clients>
  /** Calls the function that ends each client, and nothing else. `clients` still reports their sockets and events. */
  stopClients(): Promise<void>
  /** Stops and forgets the clients, and closes their sockets. This also happens at the end of the check. */
  disconnect(): Promise<void>

  /**
   * Calls a function that the program exports. Arguments and result may contain bytes. Rejects with the error that it
   * throws, and with `Wrong` if it returns a promise, because these functions have nothing to wait for.
   */
  call(exported: string, ...args: readonly unknown[]): Promise<unknown>
  /** Like `call`; also returns the arguments as they are after the call. */
  called(exported: string, ...args: readonly unknown[]): Promise<Called>

  /** Returns the number of timers that the program has started since `freeze` and that can still fire. */
  timers(): Promise<number>
  /**
   * Makes the program's `Math.random` return always the same number until the check ends. With a `step`, each number is
   * larger than the one before by this step.
   */
  fixRandom(step?: number): Promise<void>
  /** Returns all text that the program has written to stdout and stderr so far. */
  output(): Promise<string>

  /** Resolves with the first truthy result of `holds`; throws `Unclear` if there is none in time. */
  until<T>(what: string, holds: () => T | Promise<T>, withinMs?: number): Promise<NonNullable<T>>
}

export interface OwnTrial extends Trial {
  /**
   * Resolves with the trouble of a process that has ended, or with null if all processes of this check are alive.
   * Waits a few turns, because a program may end just after the step that the check saw.
   */
  ended(): Promise<Trouble | null>
  /** Ends the check: cuts open connections and lets time continue. */
  end(): Promise<void>
}

export function createTrial(program: Program, room: string): OwnTrial {
  const open = new Set<() => void>()
  /** Own port of each WebSocket. */
  const ports = new WeakMap<WebSocket, number>()
  const sockets = new Set<Socket>()
  const processes = new Set([program])
  const watching = setInterval(() => {
    const flooded = [...sockets].find(({ bytesRead }) => bytesRead > RECEIVED_LIMIT_KB * 1000)
    if (flooded) program.accuse('flood', `The program sent more than ${RECEIVED_LIMIT_KB} kB on one connection.`)
  }, WATCH_MS)
  let frozen = false
  let isRandomFixed = false
  let hasOtherEpoch = false
  let connected = false
  let second: OwnTrial | null = null
  let pauses = false
  const further: { readonly trial: OwnTrial; readonly program: Program }[] = []
  const elsewhere: OwnTrial[] = []
  const send = (command: Command) => program.send(command)
  const publish = async (texts: readonly string[], atMs?: number) =>
    (await send({ is: 'publish', room, texts, ...(atMs !== undefined && { atMs }) })) as readonly Event[]

  const trial: OwnTrial = {
    room,
    port: program.port,
    patience: program.patience,
    open(target, asked = {}) {
      const pending = ask(program.port, target, asked, program.patience)
      open.add(() => pending.leave())
      sockets.add(pending.socket)
      return pending
    },
    get: (target, { late, ...asked } = {}) => trial.whole(trial.open(target, asked), late),
    async whole(pending, late) {
      const exchange = await pending.answer
      await refuseUseless(exchange, program, late)
      return exchange
    },
    websocket(target, options) {
      const socket = new WebSocket(`ws://127.0.0.1:${program.port}${target}`, options)
      socket.on('error', () => {})
      socket.once('upgrade', ({ socket: wire }) => {
        ports.set(socket, wire.localPort ?? 0)
        sockets.add(wire)
      })
      open.add(() => socket.terminate())
      return socket
    },
    socket() {
      const socket = connect(program.port, '127.0.0.1').on('error', () => {})
      sockets.add(socket)
      open.add(() => socket.destroy())
      return socket
    },
    async spoil(socket) {
      await send({ is: 'spoil', port: ports.get(socket) ?? 0 })
    },
    get link() {
      if (program.link) return program.link
      throw new Unclear('The exercise has no Redis.')
    },
    async secondProcess() {
      const process = await program.secondProcess()
      processes.add(process)
      second ??= createTrial(process, room)
      return second
    },
    async freshProcess(onBegin) {
      const process = await program.freshProcess(onBegin)
      processes.add(process)
      const trial = createTrial(process, room)
      further.push({ trial, program: process })
      return trial
    },
    inRoom(name) {
      const other = createTrial(program, name)
      elsewhere.push(other)
      return other
    },
    publish: (...texts) => publish(texts),
    publishAt: (atMs, ...texts) => publish(texts, atMs),
    async publishDuringRead(text, use) {
      await send({ is: 'publishDuringRead', room, texts: [text], use: use ?? null, keep: null })
    },
    async publishAndDropDuringRead(...texts) {
      await send({ is: 'publishDuringRead', room, texts, use: 1, keep: 1 })
    },
    reads: async () => (await send({ is: 'reads', room })) as Reads,
    sent: async () => (await send({ is: 'sent' })) as SentBytes,
    looked: (before, pending) =>
      trial.until('the program has read the feed', async () => {
        const reads = await trial.reads()
        const hasRead = reads.asked > before.asked || reads.followed > before.followed
        return hasRead || pending.exchange !== null ? reads : null
      }),
    async pauseReads() {
      pauses = true
      await send({ is: 'pause', room })
    },
    async resumeReads() {
      pauses = false
      await send({ is: 'resume', room })
    },
    async failFollowers() {
      await send({ is: 'failFollowers', room })
    },
    async forget(keep) {
      await send({ is: 'forget', room, keep })
    },
    async setEpoch(epoch) {
      hasOtherEpoch = true
      await send({ is: 'epoch', epoch })
    },
    async goodbye() {
      await send({ is: 'goodbye' })
    },
    async freeze() {
      frozen = true
      await send({ is: 'freeze' })
    },
    async tick(ms) {
      await send({ is: 'tick', ms })
    },
    async connect(origin, rooms, after) {
      await send({ is: 'connect', origin, rooms, after: after ?? null })
      connected = true
    },
    clients: async () => (await send({ is: 'clients' })) as Clients,
    async stopClients() {
      await send({ is: 'stop' })
    },
    async disconnect() {
      await send({ is: 'disconnect' })
    },
    call: async (exported, ...args) => (await trial.called(exported, ...args)).value,
    async called(exported, ...args) {
      const called = (await send({ is: 'call', exported, args })) as Called
      if (called.isPromise) throw new Wrong(promised(exported))
      return called
    },
    timers: async () => (await send({ is: 'timers' })) as number,
    async fixRandom(step = 0) {
      isRandomFixed = true
      await send({ is: 'random', step })
    },
    async output() {
      // What the program wrote before its reply is here after one more turn of the event loop.
      await trial.reads()
      await new Promise((resolve) => setImmediate(resolve))
      return program.output()
    },
    until: (what, holds, withinMs) => until(program.patience, what, holds, withinMs),
    async ended() {
      for (const process of processes) {
        const trouble = await troubleIn(process)
        if (trouble) return trouble
      }
      return null
    },
    async end() {
      clearInterval(watching)
      for (const close of open) close()
      for (const other of elsewhere) await other.end()
      // A client may throw an error when it is stopped. The program then ends before the next check begins.
      if (connected) {
        await trial.disconnect()
        for (let i = 0; i < 3; i++) await trial.clients()
      }
      if (pauses) await trial.resumeReads()
      program.link?.mend()
      program.link?.release()
      if (program.link) program.link.isShort = false
      await second?.end()
      for (const { trial, program } of further) {
        await trial.end().catch(() => {})
        await program.stop()
      }
      if (hasOtherEpoch) await send({ is: 'epoch', epoch: null })
      if (isRandomFixed) await send({ is: 'random', step: null })
      if (frozen) await send({ is: 'thaw' })
    },
  }
  return trial
}

const WATCH_MS = 50

/** Number of turns of the program's event loop in which an end that has begun is noticed. */
const LAST_TURNS = 3

async function troubleIn(program: Program): Promise<Trouble | null> {
  try {
    for (let turn = 0; turn < LAST_TURNS; turn++) await program.send({ is: 'reads', room: '' })
    return null
  } catch (error) {
    if (error instanceof ProgramEnded) return error.trouble
    throw error
  }
}

async function until<T>(
  patience: Patience,
  what: string,
  holds: () => T | Promise<T>,
  withinMs = ANSWER_MS,
): Promise<NonNullable<T>> {
  let isOver = false
  const callOff = patience.after(withinMs, () => (isOver = true))
  try {
    for (;;) {
      const value = await holds()
      if (value) return value
      if (isOver) throw new Unclear(`Gave up after ${withinMs} ms of waiting until ${what}.`)
      await new Promise((resolve) => setTimeout(resolve, 2))
    }
  } finally {
    callOff()
  }
}

/** Time in which the report of a handler's error can arrive after the response with status 500. */
const WORD_MS = 300

/** Throws `Wrong` for a response that no check can use. */
async function refuseUseless(
  exchange: Exchange,
  program: Program,
  late?: Pick<Finding, 'saw' | 'why' | 'hint'>,
): Promise<void> {
  const { ended, status, ms } = exchange
  const bytes = shown(exchange)
  const end = bytes.length
  if (ended === 'late' && status > 0) {
    await isAliveOrOver(program)
    throw new Late({
      saw: `Your server began this response, and did not end it within ${Math.round(ms / 100) / 10} s:`,
      bytes,
      at: end,
      wanted: 'the end of the response',
      hint: NOT_ENDED,
    })
  }
  if (ended === 'late') {
    await isAliveOrOver(program)
    const saw = `Your server did not respond to this within ${Math.round(ms / 100) / 10} s:`
    throw new Late({ bytes, at: end, wanted: 'a response', ...(late ?? { saw, hint: NO_ANSWER }) })
  }
  if (ended === 'cut') {
    await isAliveOrOver(program)
    throw new Wrong({
      saw: 'The connection was closed before the response was complete:',
      bytes,
      at: end,
      wanted: 'the rest',
      hint: CUT,
    })
  }
  if (status === 501)
    throw new Wrong({
      saw: 'The exercise still responds with 501 Not Implemented:',
      bytes,
      at: placeOf(bytes, exchange),
      wanted: 'a response',
      hint: TO_DO,
    })
  if (status === 404)
    throw new Wrong({
      saw: 'Your server has no route for this request:',
      bytes,
      at: placeOf(bytes, exchange),
      wanted: 'a route',
      hint: NO_ROUTE,
    })
  if (status >= 500) {
    await isAliveOrOver(program)
    const threw = await until(program.patience, 'the error is reported', () => program.threw(), WORD_MS).catch(
      () => null,
    )
    const saw = threw
      ? `${threw.what}${threw.where ? ` (${threw.where})` : ''}. The client received:`
      : `Your server responded with ${status}:`
    throw new Wrong({
      saw,
      bytes,
      at: placeOf(bytes, exchange),
      wanted: 'a status below 500',
      hint: threw?.hint ?? SERVER_ERROR,
    })
  }
}

/** Resolves if the program reacts or its process has ended. If its thread is blocked, its process is ended first. */
async function isAliveOrOver(program: Program): Promise<void> {
  await program.send({ is: 'reads', room: '' }).catch(() => program.ended)
}

const placeOf = (bytes: string, { statusLine }: Exchange): number => bytes.indexOf(statusLine) + 'HTTP/1.1 '.length

function promised(exported: string): Finding {
  const bytes = `${exported}(\u2026) is `
  return {
    saw: 'The function returned a promise instead of its result:',
    bytes: `${bytes}a promise`,
    at: bytes.length,
    wanted: 'the result',
    hint: A_PROMISE,
  }
}
