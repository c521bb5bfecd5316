/**
 * The processes that share a Redis. Messages go through its channels: one for all processes, and one for each. Maps are
 * hashes in Redis. Each process says every second that it is running.
 */
import type { RedisClient } from './redis-client.ts'
import { ANSWER_MS } from '../peers/peers.ts'
import type { PeerAnswer, Peers } from '../peers/peers.ts'
import { redisMap } from './redis-map.ts'
import type { RedisMap } from './redis-map.ts'

/** Channel that all processes read. The channel of one process has its id at the end. */
const ALL = 'fourwire:peers'

/** Time between two messages that say that a process is running. */
const ALIVE_MS = 1000

/** Time without such a message after which a process no longer counts as running. */
const GONE_MS = 4000

/** Time without a message after which the connection counts as dead. The process gets its own messages too. */
const SILENT_MS = 5000

interface Message {
  readonly from: string
  readonly topic: string
  readonly message: unknown
}

interface Alive {
  /** True if the process begins to listen, for the first time or again. */
  readonly isNew: boolean
}

export function createRedisPeers(redis: RedisClient): Peers {
  const own = crypto.randomUUID()
  /** Time at which each other process last said that it is running, by `performance.now()`. */
  const seen = new Map<string, number>()
  const listeners = new Map<string, ((message: never, from: string) => void)[]>()
  const maps = new Map<string, RedisMap>()
  const [come, gone] = [new Set<(id: string) => void>(), new Set<(id: string) => void>()]
  let asked = 0
  let hasJoined = false
  let lookedMs = performance.now()
  const listener = redis.openListener([ALL, channelOf(own)], SILENT_MS, hear, begin)
  const timer = setInterval(alive, ALIVE_MS).unref()

  const peers: Peers = {
    own,
    number: redis.number,
    others: () => [...seen.keys()],
    onCome: (listener) => void come.add(listener),
    onGone: (listener) => void gone.add(listener),
    tell,
    on: (topic, listener) => void on(topic, listener),
    ask,
    answer(topic, answer) {
      on(topic, ({ id, question }: { id: number; question: unknown }, from) => {
        const give = (given: unknown): void => tell(`${topic} answer`, { id, given }, from)
        new Promise((resolve) => resolve(answer(question))).then(give, () => give(null))
      })
    },
    map(name) {
      const map = maps.get(name) ?? redisMap(redis, name, (key, value) => tell('map', { name, key, value }))
      maps.set(name, map)
      return map
    },
    lease: redis.lease,
    release: redis.release,
    join() {
      hasJoined = true
      if (listener.trouble() === null) tell('alive', { isNew: true })
    },
    async leave() {
      clearInterval(timer)
      await redis.send(ALL, textOf('gone', null)).catch(() => {})
      listener.close()
    },
  }
  on('alive', ({ isNew }: Alive, from) => isNew && hasJoined && tell('alive', { isNew: false }, from))
  on('gone', (_, from) => remove(from))
  // A change that has failed waits for this moment. The connection that listens may have been open all the time.
  redis.onDoubt(() => {
    for (const map of maps.values()) map.resend()
  })
  redis.onEmptied(() => {
    for (const map of maps.values()) map.refill()
  })
  on('map', ({ name, key, value }: { name: string; key: string; value: string | null }) =>
    maps.get(name)?.heard(key, value),
  )
  return peers

  function on<T>(topic: string, listener: (message: T, from: string) => void): void {
    const known = listeners.get(topic) ?? []
    listeners.set(topic, [...known, listener as (message: never, from: string) => void])
  }

  function tell(topic: string, message: unknown, to?: string): void {
    redis.send(to === undefined ? ALL : channelOf(to), textOf(topic, message)).catch(() => {})
  }

  function textOf(topic: string, message: unknown): string {
    return JSON.stringify({ from: own, topic, message } satisfies Message)
  }

  function hear(text: string): void {
    const { from, topic, message } = JSON.parse(text) as Message
    if (from === own) return
    if (topic === 'alive') meet(from, (message as Alive).isNew)
    for (const listener of listeners.get(topic) ?? []) listener(message as never, from)
  }

  /** Notes that a process runs. If it is new, or has missed messages, it counts as another process than before. */
  function meet(id: string, isNew: boolean): void {
    if (isNew) remove(id)
    const isKnown = seen.has(id)
    seen.set(id, performance.now())
    if (!isKnown) for (const listener of come) listener(id)
  }

  /** Begins to listen, for the first time or after a cut. Messages were lost meanwhile, so everybody begins again. */
  function begin(): void {
    for (const id of seen.keys()) remove(id)
    if (hasJoined) tell('alive', { isNew: true })
    for (const map of maps.values()) map.reload()
  }

  function alive(): void {
    // A process that has not joined keeps only its own connection from being silent.
    tell('alive', { isNew: false }, hasJoined ? undefined : own)
    const now = performance.now()
    // After a pause of this process, or during a cut, messages of running processes still wait to be read.
    const isLate = now - lookedMs > 2 * ALIVE_MS || listener.trouble() !== null
    lookedMs = now
    if (isLate) for (const id of seen.keys()) seen.set(id, now)
    for (const [id, seenMs] of seen) if (now - seenMs > GONE_MS) remove(id)
  }

  function remove(id: string): void {
    if (seen.delete(id)) for (const listener of gone) listener(id)
  }

  async function ask(topic: string, question: unknown, to?: string): Promise<readonly PeerAnswer[]> {
    const waiting = new Set([...seen.keys()].filter((id) => to === undefined || id === to))
    if (waiting.size === 0) return []
    const id = (asked += 1)
    const answers: PeerAnswer[] = []
    const done = Promise.withResolvers<void>()
    const name = `${topic} answer`
    const timer = setTimeout(done.resolve, ANSWER_MS)
    const take = (from: string): void => {
      if (waiting.delete(from) && waiting.size === 0) done.resolve()
    }
    const heard = (message: { id: number; given?: unknown }, from: string): void => {
      if (message.id !== id) return
      if (message.given != null) answers.push({ from, answer: message.given })
      take(from)
    }
    on(name, heard)
    gone.add(take)
    tell(topic, { id, question }, to)
    await done.promise
    clearTimeout(timer)
    gone.delete(take)
    listeners.set(name, listeners.get(name)?.filter((other) => other !== heard) ?? [])
    return answers
  }
}

const channelOf = (id: string): string => `${ALL}:${id}`
