/**
 * A table to which each process adds entries of its own, and which all processes read. No process writes the entries of
 * another one. Entries are only in memory: they disappear when their process has ended.
 *
 * Each message about changes has a number. Every second, a process sends the number of its latest message. A process
 * that has missed messages, for example while Redis was away, then asks for all entries.
 */
import type { Peers } from './peers.ts'

export interface PeerTable<Value> {
  /** Sets an entry of this process; undefined deletes it. Sends the changes of the next `everyMs` together. */
  set(key: string, value: Value | undefined): void
  /** Sends the changes that wait, at the end of this turn of the event loop. */
  hurry(): void
  /** Returns the value that the other processes have of an entry of this process. */
  sent(key: string): Value | undefined
  /** Deletes this entry of each process that no longer runs, before `keepMs` is over. */
  dropGone(key: string): void
  /** Ends the sending. The other processes keep the entries of this process for `keepMs` after its end. */
  stop(): void
}

export interface TableOptions<Value> {
  /** Shortest time between two messages, except after `hurry`. */
  readonly everyMs: number
  /** Time for which the entries of a process are kept after its end. */
  readonly keepMs: number
  /** Called after each change of an entry of another process. Undefined: the entry is deleted. */
  readonly changed: (key: string, value: Value | undefined, from: string) => void
}

/** Time between two messages that have only the number of the latest message. */
const NUMBER_MS = 1000

type Entry<Value> = readonly [key: string, value: Value | null]

/** `all`: every entry. `changes`: the entries that have changed. Neither: only the number of the latest message. */
interface Message<Value> {
  readonly number: number
  readonly all?: readonly Entry<Value>[]
  readonly changes?: readonly Entry<Value>[]
}

interface Other<Value> {
  /** Number of the latest message of which all earlier ones have arrived. NaN if messages are missing. */
  number: number
  readonly entries: Map<string, Value>
  /** Deletes the entries. Undefined while the process runs. */
  gone: ReturnType<typeof setTimeout> | undefined
}

/** Values are sent as JSON. A value must not be null or undefined. */
export function createPeerTable<Value>(
  peers: Peers,
  name: string,
  { everyMs, keepMs, changed }: TableOptions<Value>,
): PeerTable<Value> {
  const topic = `table ${name}`
  const missed = `${topic} missed`
  const own = new Map<string, Value>()
  /** Entries that have changed since the last message, with the values that the other processes have. */
  const unsent = new Map<string, Value | undefined>()
  const others = new Map<string, Other<Value>>()
  let number = 0
  let sentAtMs = -Infinity
  let isStopped = false
  let waiting: ReturnType<typeof setTimeout> | undefined
  let soon: ReturnType<typeof setImmediate> | undefined
  const numbers = setInterval(() => tell({ number }), NUMBER_MS).unref()

  peers.onCome(sendAll)
  peers.on(missed, (_message, from) => sendAll(from))
  peers.on(topic, (message, from) => {
    if (!isStopped) hear(message as Message<Value>, from)
  })
  peers.onGone((id) => {
    const other = others.get(id)
    if (!other || isStopped) return
    other.number = Number.NaN
    other.gone ??= setTimeout(() => {
      others.delete(id)
      for (const key of other.entries.keys()) changed(key, undefined, id)
    }, keepMs).unref()
  })

  return {
    set(key, value) {
      if (!unsent.has(key)) unsent.set(key, own.get(key))
      if (value === undefined) own.delete(key)
      else own.set(key, value)
      if (isStopped || waiting || soon) return
      const waitMs = sentAtMs + everyMs - performance.now()
      if (waitMs <= 0) hurry()
      else waiting = setTimeout(send, waitMs).unref()
    },
    hurry,
    sent: (key) => (unsent.has(key) ? unsent.get(key) : own.get(key)),
    dropGone(key) {
      for (const [id, { gone, entries }] of others) if (gone && entries.delete(key)) changed(key, undefined, id)
    },
    stop() {
      isStopped = true
      clearInterval(numbers)
      clearTimeout(waiting)
      clearImmediate(soon)
      for (const { gone } of others.values()) clearTimeout(gone)
      others.clear()
    },
  }

  function hurry(): void {
    if (!isStopped) soon ??= setImmediate(send)
  }

  function send(): void {
    clearTimeout(waiting)
    clearImmediate(soon)
    waiting = soon = undefined
    sentAtMs = performance.now()
    const changes: Entry<Value>[] = []
    for (const [key, before] of unsent) {
      const value = own.get(key)
      if (value !== before) changes.push([key, value ?? null])
    }
    unsent.clear()
    if (changes.length === 0) return
    number += 1
    tell({ number, changes })
  }

  function sendAll(to: string): void {
    if (isStopped) return
    send()
    tell({ number, all: [...own] }, to)
  }

  function tell(message: Message<Value>, to?: string): void {
    if (peers.others().length > 0) peers.tell(topic, message, to)
  }

  function hear(message: Message<Value>, from: string): void {
    const other = others.get(from) ?? { number: Number.NaN, entries: new Map(), gone: undefined }
    others.set(from, other)
    if (message.all) replace(other, message.all, from)
    for (const [key, value] of message.changes ?? []) put(other, key, value, from)
    const isNext = message.number === other.number + 1
    if (message.all || (message.changes && isNext)) other.number = message.number
    else if (message.changes) other.number = Number.NaN
    else if (message.number !== other.number) peers.tell(missed, null, from)
  }

  function replace(other: Other<Value>, all: readonly Entry<Value>[], from: string): void {
    clearTimeout(other.gone)
    other.gone = undefined
    const kept = new Set(all.map(([key]) => key))
    for (const key of other.entries.keys()) if (!kept.has(key)) put(other, key, null, from)
    for (const [key, value] of all) put(other, key, value, from)
  }

  function put({ entries }: Other<Value>, key: string, value: Value | null, from: string): void {
    if (value === null) {
      if (entries.delete(key)) changed(key, undefined, from)
      return
    }
    entries.set(key, value)
    changed(key, value, from)
  }
}
