/** What a check has in its hands: the student's program over the wire, and the feed behind it. */
import { connect } from 'node:net'
import type { Socket } from 'node:net'
import { WebSocket } from 'ws'
import type { ClientOptions } from 'ws'
import type { Event } from '../../server/protocol.ts'
import { ANSWER_MS, ask } from './exchange.ts'
import type { Asked, Exchange, Pending } from './exchange.ts'
import { Late, Unclear, Wrong } from './exercise.ts'
import type { Finding, Hint } from './exercise.ts'
import { shown } from './expect.ts'
import type { Called, Clients, Command, Reads, Sent } from './hosted/message.ts'
import type { Patience } from './patience.ts'
import type { Program } from './program.ts'
import type { Link } from './redis.ts'

export interface Trial {
  /** The check's own: nobody else publishes or reads in it. */
  readonly room: string
  readonly port: number
  /** By which all waiting is limited. */
  readonly patience: Patience

  /**
   * Asks and waits for the whole answer. Throws `Wrong` by itself where none comes in time, where
   * the connection ends before it, and where it says 404, 500 or 501.
   */
  get(target: string, asked?: Asked & { readonly late?: Told }): Promise<Exchange>
  /** Asks and goes on; whatever is still open is cut when the check ends. */
  open(target: string, asked?: Asked): Pending
  /** As `get`, for an answer that was opened. */
  whole(pending: Pending, late?: Told): Promise<Exchange>
  /** With the `ws` package, which also tells pings and close codes. */
  websocket(target: string, options?: ClientOptions): WebSocket
  /** A bare connection to the program. */
  socket(): Socket

  /** The program's way to Redis, to be cut and held; mended when the check ends. Only where the exercise wants Redis. */
  readonly link: Link
  /** The same in a second process, beside the same Redis. */
  beside(): Promise<Trial>
  /** … in a process that begins now and has heard nothing yet, and ends with the check. */
  anew(): Promise<Trial>

  /** All in one commit, stamped now. */
  publish(...texts: readonly string[]): Promise<readonly Event[]>
  /** … stamped as the check says: the very same time for all of them. */
  publishAt(atMs: number, ...texts: readonly string[]): Promise<readonly Event[]>
  /**
   * Publishes once, in the moment in which the program has found nothing new and does not know it
   * yet; or behind its so manieth use of the feed (a look, or beginning to follow) from now on.
   */
  ambush(text: string, use?: number): Promise<void>
  /** Publishes there, behind the program's next use of the feed, and forgets all but the last of these in the same moment. */
  ambushAndForget(...texts: readonly string[]): Promise<void>
  reads(): Promise<Reads>
  /** All connections', of whatever check. */
  sent(): Promise<Sent>
  /** Resolves when the program has read the feed for a request that was opened, and is either done or holds it. */
  looked(before: Reads, pending: Pending): Promise<Reads>
  /** Drops all but the last so many events. */
  forget(keep: number): Promise<void>
  goodbye(): Promise<void>

  /** The program's timers and its Date stand still, until `tick` moves them or the check ends. Not where it is frozen anyway. */
  freeze(): Promise<void>
  tick(ms: number): Promise<void>

  /** Starts a client of the program for each room, at this origin; behind this cursor, or from now on. */
  connect(origin: string, rooms: readonly string[], after?: string): Promise<void>
  /** What the clients that were started by this check have done. */
  clients(): Promise<Clients>
  /** Ends the clients, as the check's end does too. */
  disconnect(): Promise<void>

  /**
   * Calls a function that the program exports. Arguments and result may hold bytes. Rejects with what it throws, and
   * with `Wrong` where it gives back a promise: none of them has anything to wait for.
   */
  call(exported: string, ...args: readonly unknown[]): Promise<unknown>
  /** The same, and what became of the arguments. */
  called(exported: string, ...args: readonly unknown[]): Promise<Called>

  /** Resolves as soon as `holds` answers something; throws `Unclear` where it never does. */
  until<T>(what: string, holds: () => T | Promise<T>, withinMs?: number): Promise<NonNullable<T>>
}

interface Told {
  readonly saw: string
  readonly why?: string
  readonly hint: string | Hint
}

export interface OwnTrial extends Trial {
  /** Cuts what is open and lets time go on. */
  end(): Promise<void>
}

export function createTrial(program: Program, room: string): OwnTrial {
  const open = new Set<() => void>()
  let frozen = false
  let connected = false
  let other: OwnTrial | null = null
  const further: { readonly trial: OwnTrial; readonly program: Program }[] = []
  const tell = (command: Command) => program.tell(command)
  const publish = async (texts: readonly string[], atMs?: number) =>
    (await tell({ is: 'publish', room, texts, ...(atMs !== undefined && { atMs }) })) as readonly Event[]

  const trial: OwnTrial = {
    room,
    port: program.port,
    patience: program.patience,
    open(target, asked = {}) {
      const pending = ask(program.port, target, asked, program.patience)
      open.add(() => pending.leave())
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
      open.add(() => socket.terminate())
      return socket
    },
    socket() {
      const socket = connect(program.port, '127.0.0.1').on('error', () => {})
      open.add(() => socket.destroy())
      return socket
    },
    get link() {
      if (program.link) return program.link
      throw new Unclear('The exercise has no Redis.')
    },
    async beside() {
      other ??= createTrial(await program.beside(), room)
      return other
    },
    async anew() {
      const process = await program.anew()
      const one = { trial: createTrial(process, room), program: process }
      further.push(one)
      return one.trial
    },
    publish: (...texts) => publish(texts),
    publishAt: (atMs, ...texts) => publish(texts, atMs),
    async ambush(text, use) {
      await tell({ is: 'ambush', room, texts: [text], use: use ?? null, keep: null })
    },
    async ambushAndForget(...texts) {
      await tell({ is: 'ambush', room, texts, use: 1, keep: 1 })
    },
    reads: async () => (await tell({ is: 'reads', room })) as Reads,
    sent: async () => (await tell({ is: 'sent' })) as Sent,
    looked: (before, pending) =>
      trial.until('the program has looked into the feed', async () => {
        const reads = await trial.reads()
        const hasRead = reads.asked > before.asked || reads.followed > before.followed
        return hasRead || pending.exchange !== null ? reads : null
      }),
    async forget(keep) {
      await tell({ is: 'forget', room, keep })
    },
    async goodbye() {
      await tell({ is: 'goodbye' })
    },
    async freeze() {
      frozen = true
      await tell({ is: 'freeze' })
    },
    async tick(ms) {
      await tell({ is: 'tick', ms })
    },
    async connect(origin, rooms, after) {
      await tell({ is: 'connect', origin, rooms, after: after ?? null })
      connected = true
    },
    clients: async () => (await tell({ is: 'clients' })) as Clients,
    async disconnect() {
      await tell({ is: 'disconnect' })
    },
    call: async (exported, ...args) => (await trial.called(exported, ...args)).value,
    async called(exported, ...args) {
      const called = (await tell({ is: 'call', exported, args })) as Called
      if (called.isPromise) throw new Wrong(promised(exported))
      return called
    },
    until: (what, holds, withinMs) => until(program.patience, what, holds, withinMs),
    async end() {
      for (const close of open) close()
      if (connected) await trial.disconnect()
      program.link?.mend()
      program.link?.release()
      await other?.end()
      for (const one of further) {
        await one.trial.end().catch(() => {})
        await one.program.stop()
      }
      if (frozen) await tell({ is: 'thaw' })
    },
  }
  return trial
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
      if (isOver) throw new Unclear(`Waited ${withinMs} ms in vain until ${what}.`)
      await new Promise((resolve) => setTimeout(resolve, 2))
    }
  } finally {
    callOff()
  }
}

/** How long the word of what a handler threw may come behind the answer that it led to. */
const WORD_MS = 300

/** What no check can use, whatever it asks. */
async function refuseUseless(exchange: Exchange, program: Program, late?: Told): Promise<void> {
  const { ended, status, ms } = exchange
  const bytes = shown(exchange)
  const behind = bytes.length
  if (ended === 'late') {
    await isAliveOrOver(program)
    const saw = `No answer to this within ${Math.round(ms / 100) / 10} s:`
    throw new Late({ bytes, at: behind, wanted: 'an answer', ...(late ?? { saw, hint: NO_ANSWER }) })
  }
  if (ended === 'cut') {
    await isAliveOrOver(program)
    throw new Wrong({
      saw: 'The connection was closed before there was a whole answer:',
      bytes,
      at: behind,
      wanted: 'the rest',
      hint: CUT,
    })
  }
  if (status === 501)
    throw new Wrong({
      saw: 'The exercise still says 501 Not Implemented:',
      bytes,
      at: placeOf(bytes, exchange),
      wanted: 'an answer',
      hint: TO_DO,
    })
  if (status === 404)
    throw new Wrong({
      saw: 'There is no route for this:',
      bytes,
      at: placeOf(bytes, exchange),
      wanted: 'a route',
      hint: NO_ROUTE,
    })
  if (status >= 500) {
    await isAliveOrOver(program)
    const threw = await until(program.patience, 'it has said why', () => program.threw(), WORD_MS).catch(() => null)
    const saw = threw
      ? `${threw.what}${threw.where ? ` (${threw.where})` : ''}. The client got:`
      : `The answer was ${status}:`
    throw new Wrong({ saw, bytes, at: placeOf(bytes, exchange), wanted: 'no 5xx', hint: threw?.hint ?? SERVER_ERROR })
  }
}

/** A thread that is free says so. One that is stuck is found out, and where the process has ended that is the finding. */
async function isAliveOrOver(program: Program): Promise<void> {
  await program.tell({ is: 'reads', room: '' }).catch(() => program.ended)
}

const placeOf = (bytes: string, { statusLine }: Exchange): number => bytes.indexOf(statusLine) + 'HTTP/1.1 '.length

function promised(exported: string): Finding {
  const bytes = `${exported}(\u2026) is `
  return {
    saw: 'The function gave back a promise of its result:',
    bytes: `${bytes}a promise`,
    at: bytes.length,
    wanted: 'the result',
    hint: A_PROMISE,
  }
}

export const A_PROMISE: Hint = [
  'Whoever calls the function gets a promise in the place of the result.',
  'Look at the word in front of function: is there anything that it has to wait for?',
  'Nothing can be calculated with the promise of a number. Waiting is for what comes later; what is calculated is there at once.',
]

const NO_ANSWER: Hint = [
  'The request arrived and was never answered.',
  'Look for a path through your handler on which it neither returns nor sends: an await that is never over, a promise that is never resolved.',
  'A client cannot tell an answer that takes long from one that never comes. Every request needs an end.',
]
const CUT: Hint = [
  'The client saw its connection close in the middle.',
  'Look at what ends the connection or the process: destroy, a throw after the head was sent, process.exit.',
  'An answer is over when its length is reached or its last chunk says so. A closed connection before that is an error.',
]
const TO_DO: Hint = [
  'The file is as it was at the beginning.',
  'Look for TODO in it.',
  'The lesson says what is to be built, and why; the comments in the file say where.',
]
const NO_ROUTE: Hint = [
  'The server knows nothing at this address.',
  'Look at the path that you register, letter by letter, and at serve: does it run to its end?',
  'A route is a method and a path. What matches neither is answered with 404 before any handler runs.',
]
const SERVER_ERROR: Hint = [
  'The server says that it has a defect.',
  'Look at what your handler does for this request, and at what it prints.',
  'A status from 500 on is the server’s fault, one from 400 on the client’s.',
]
