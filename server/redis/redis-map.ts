/** A map in Redis that several processes share. Each process keeps a copy of it. */
import type { RedisClient } from './redis-client.ts'
import type { SharedMap } from '../peers/peers.ts'
import { CHANGE } from './redis-scripts.ts'

export interface RedisMap extends SharedMap {
  /** Notes that another process has changed an entry. */
  heard(key: string, value: string | null): void
  /** Reads the map again, because changes may have been missed. */
  reload(): void
  /** Sends the changes that Redis does not have, unless Redis has restarted. After a restart, `reload` sends them. */
  resend(): void
  /** Sends the whole copy to Redis, which has lost its entries, and reads the map again. */
  refill(): void
}

/** Pause before the map is read again after Redis could not be used. */
const AGAIN_MS = 500

/** `announce` tells other processes about a change that Redis already has. */
export function redisMap(
  redis: RedisClient,
  name: string,
  announce: (key: string, value: string | null) => void,
): RedisMap {
  const hash = `fourwire:{shared}:${name}`
  const copy = new Map<string, string>()
  /** Changes that Redis does not have yet. */
  const unsent = new Map<string, string | null>()
  /** Keys of the entries that this process has set. */
  const written = new Set<string>()
  const listeners = new Set<(key: string, value: string | undefined) => void>()
  const ready = Promise.withResolvers<void>()
  /** Run of Redis from which the copy was read last. */
  let run: string | null = null
  /** True if Redis has lost the entries, although it has not restarted. */
  let isLost = false
  /** Entries that have changed while the map was being read. */
  let fresh: Set<string> | null = null
  /** True if changes may have been missed while the map was being read. */
  let isStale = false
  void load()

  return {
    ready: ready.promise,
    get: (key) => copy.get(key),
    entries: () => copy,
    async find(key) {
      const known = copy.get(key)
      if (known !== undefined || unsent.has(key)) return known
      return (await reread(key)) ?? undefined
    },
    async set(key, value) {
      written.add(key)
      put(key, value)
      unsent.set(key, value)
      await redis.ask((client) => (value === null ? client.hdel(hash, key) : client.hset(hash, key, value)))
      if (unsent.get(key) === value) unsent.delete(key)
      announce(key, value)
    },
    async add(key, value) {
      if ((await redis.ask((client) => client.hsetnx(hash, key, value))) === 0) return false
      put(key, value)
      announce(key, value)
      return true
    },
    async take(key) {
      const value = await redis.ask(async (client) => {
        const [[, got] = [], [, count] = []] = (await client.multi().hget(hash, key).hdel(hash, key).exec()) ?? []
        return count === 1 && typeof got === 'string' ? got : undefined
      })
      put(key, null)
      if (value !== undefined) announce(key, null)
      return value
    },
    async change(changes) {
      const args = changes.flatMap(({ key, before, after }) => [key, stored(before), stored(after)])
      const reply = await redis.ask((client) => client.eval(CHANGE, 1, hash, ...args))
      const present = reply as string[]
      for (const [i, { key, after }] of changes.entries()) {
        if (present.length > 0) changed(key, present[i] ? present[i].slice(1) : null)
        else put(key, after)
      }
      if (present.length > 0) return false
      for (const { key, before, after } of changes) if (after !== before) announce(key, after)
      return true
    },
    onChange: (listener) => void listeners.add(listener),
    heard(key, value) {
      // Both processes may have set the entry at the same time. Only Redis knows who was the last.
      if (written.has(key)) reread(key).catch(() => {})
      else changed(key, value)
    },
    reload: () => void load(),
    resend() {
      if (run === redis.epoch() && !isLost) sendUnsent().catch(() => {})
    },
    refill() {
      isLost = true
      void load()
    },
  }

  function put(key: string, value: string | null): void {
    fresh?.add(key)
    if (value === null) copy.delete(key)
    else copy.set(key, value)
  }

  function changed(key: string, value: string | null): void {
    const before = copy.get(key)
    put(key, value)
    if (before !== (value ?? undefined)) for (const listener of listeners) listener(key, value ?? undefined)
  }

  async function reread(key: string): Promise<string | null> {
    const found = await redis.ask((client) => client.hget(hash, key))
    // A change that Redis does not have yet is later than what it has.
    if (!unsent.has(key)) changed(key, found)
    return found
  }

  async function load(): Promise<void> {
    if (fresh) return void (isStale = true)
    fresh = new Set()
    isStale = false
    try {
      await restore()
      const stored = await redis.ask((client) => client.hgetall(hash))
      const isFresh = (key: string): boolean => fresh?.has(key) === true
      for (const [key, value] of Object.entries(stored)) if (!isFresh(key)) changed(key, value)
      for (const key of copy.keys()) if (!(key in stored) && !isFresh(key)) changed(key, null)
      ready.resolve()
    } catch {
      setTimeout(() => void load(), AGAIN_MS).unref()
    } finally {
      fresh = null
    }
    if (isStale) void load()
  }

  /**
   * Sends what Redis does not have: changes during a cut, and the whole copy if Redis has restarted or was emptied,
   * because it may have lost entries.
   */
  async function restore(): Promise<void> {
    const now = redis.epoch()
    if (isLost || (run !== null && run !== now))
      for (const [key, value] of copy) await redis.ask((client) => client.hsetnx(hash, key, value))
    run = now
    isLost = false
    await sendUnsent()
  }

  async function sendUnsent(): Promise<void> {
    for (const [key, value] of unsent) {
      await redis.ask((client) => (value === null ? client.hdel(hash, key) : client.hset(hash, key, value)))
      if (unsent.get(key) === value) unsent.delete(key)
      announce(key, value)
    }
  }
}

/** Returns a value as the script takes it: an empty text stands for no entry. */
const stored = (value: string | null): string => (value === null ? '' : `=${value}`)
