/**
 * Limits that hold for all processes that share a Redis. Each process decides alone and at once, so no request waits for
 * Redis. It tells the other processes afterwards what was used, and they count it as if they had allowed it themselves.
 *
 * So a client that uses all processes at the same time gets more than its limit, but only once and only a little:
 *
 * - of a rate, for each further process, at most `USED_MS` of the rate. Then it gets less, until the average is right.
 * - of a number of places, for each further process, at most `COUNT_STEP` of the limit.
 *
 * In addition, it gets what it uses in the milliseconds that a message takes. While Redis is away, each process counts
 * only what it has allowed itself.
 *
 * Only keys that are texts are shared. The other keys are connections, which exist at one process only.
 */
import type { Peers } from '../peers/peers.ts'
import { createPeerTable } from '../peers/table.ts'
import { createCounter } from './counter.ts'
import type { Counter } from './counter.ts'
import { createRate } from './rate.ts'
import type { Rate, RateOptions } from './rate.ts'

export interface SharedLimits {
  /** Creates a rate (`createRate`). `name`: distinguishes the rate from other rates. */
  rate(name: string, perSecond: number, options?: RateOptions): Rate
  /** Creates a counter for a limit of `most`. `name`: distinguishes the counter from other counters. */
  counter(name: string, most: number): Counter
  stop(): void
}

/** Part of a second's rate after whose use the other processes are told. */
export const USED_MS = 250

/** Fraction of a limit. If the number of places grows by this fraction, the other processes are told at once. */
export const COUNT_STEP = 1 / 8

/** Time after which the other processes are told about any other change of a number of places. */
const COUNTS_MS = 250

/** Time after which the other processes are told about uses that are less than `USED_MS` of the rate. */
const REST_MS = 2000

const USED = 'limits used'

type Use = readonly [rate: string, key: string, cost: number]

/** Limits of a process that shares them with no other process. */
export const OWN_LIMITS: SharedLimits = {
  rate: (_name, perSecond, options) => createRate(perSecond, options),
  counter: () => createCounter(),
  stop() {},
}

export function shareLimits(peers: Peers | undefined): SharedLimits {
  if (!peers) return OWN_LIMITS
  const rates = new Map<string, Rate>()
  /** For each counter, the number of places of each key at each other process. */
  const elsewhere = new Map<string, Map<string, Map<string, number>>>()
  let uses: Use[] = []
  let telling: ReturnType<typeof setImmediate> | undefined
  const counts = createPeerTable<number>(peers, 'counts', { everyMs: COUNTS_MS, keepMs: 0, changed: counted })
  peers.on(USED, (message) => {
    for (const [name, key, cost] of message as readonly Use[]) rates.get(name)?.add(key, cost)
  })

  return {
    rate(name, perSecond, options) {
      const own = createRate(perSecond, options)
      if (perSecond === Infinity) return own
      rates.set(name, own)
      return announceUses(own, name, (perSecond * USED_MS) / 1000)
    },
    counter(name, most) {
      if (most === Infinity) return createCounter()
      const others = new Map<string, Map<string, number>>()
      elsewhere.set(name, others)
      const own = createCounter((key, count) => {
        if (typeof key !== 'string') return
        const entry = `${name} ${key}`
        counts.set(entry, count || undefined)
        if (count - (counts.sent(entry) ?? 0) >= most * COUNT_STEP) counts.hurry()
      })
      const ofOthers = (key: unknown): number => {
        const known = typeof key === 'string' ? others.get(key) : undefined
        return known ? [...known.values()].reduce((sum, count) => sum + count, 0) : 0
      }
      return { ...own, elsewhere: ofOthers, count: (key) => own.count(key) + ofOthers(key) }
    },
    stop() {
      clearImmediate(telling)
      counts.stop()
    },
  }

  function announceUses(own: Rate, name: string, enough: number): Rate {
    let unsent = new Map<string, number>()
    let sinceMs = performance.now()
    return {
      waitMs: own.waitMs,
      take(key, cost = 1) {
        const isTaken = own.take(key, cost)
        if (isTaken) note(key, cost)
        return isTaken
      },
      add(key, cost = 1) {
        own.add(key, cost)
        note(key, cost)
      },
    }

    function note(key: unknown, cost: number): void {
      if (typeof key !== 'string') return
      const used = (unsent.get(key) ?? 0) + cost
      unsent.set(key, used)
      if (used >= enough) announce(name, key, unsent)
      const nowMs = performance.now()
      if (nowMs - sinceMs < REST_MS) return
      sinceMs = nowMs
      const rest = unsent
      unsent = new Map()
      for (const left of rest.keys()) announce(name, left, rest)
    }
  }

  function announce(name: string, key: string, unsent: Map<string, number>): void {
    uses.push([name, key, unsent.get(key) ?? 0])
    unsent.delete(key)
    telling ??= setImmediate(() => {
      const message = uses
      uses = []
      telling = undefined
      if (peers && peers.others().length > 0) peers.tell(USED, message)
    })
  }

  function counted(entry: string, count: number | undefined, from: string): void {
    const end = entry.indexOf(' ')
    const others = elsewhere.get(entry.slice(0, end))
    const key = entry.slice(end + 1)
    const known = others?.get(key) ?? new Map<string, number>()
    if (count === undefined) known.delete(from)
    else known.set(from, count)
    if (known.size > 0) others?.set(key, known)
    else others?.delete(key)
  }
}
