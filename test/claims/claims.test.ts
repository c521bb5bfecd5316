/** Tests of the criterion of each claim, with invented measurements on both sides of each limit. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { judgeBroadcast } from './broadcast.ts'
import type { CostOfBroadcast } from './broadcast.ts'
import { judgeBytes } from './bytes-per-update.ts'
import { judgeConnections } from './connections.ts'
import { judgeHalf } from './half-interval.ts'
import { CLAIMS } from './index.ts'
import { CLAIMS_HELP } from './options.ts'
import { judgeShootout } from './shootout.ts'
import { judgeMargins } from './sse-against-ws.ts'
import { crossingsOf, judgeCrossover } from './ten-seconds.ts'
import type { MeasuredUpkeep } from './ten-seconds.ts'

test('the claims are numbered from 1 on, and each of them has a criterion for every outcome', () => {
  expect(CLAIMS.map(({ number }) => number)).toEqual([1, 2, 3, 4, 5, 6, 7])
  for (const { criterion } of CLAIMS)
    expect(Object.values(criterion).filter((text) => text.length > 20)).toHaveLength(3)
})

test('the document states each claim in the words of the program', () => {
  const readme = readFileSync(join(import.meta.dirname, 'README.md'), 'utf8').replace(/\s+/g, ' ')
  for (const { number, statement } of CLAIMS) expect(readme).toContain(`**${number}. ${statement.replace(/\.$/, '')}**`)
})

test('the document shows the options as --help does', () => {
  const readme = readFileSync(join(import.meta.dirname, 'README.md'), 'utf8')
  expect(readme).toContain(CLAIMS_HELP.slice(CLAIMS_HELP.indexOf('  --only')))
})

describe('claim 1, the bytes of an update', () => {
  test.each([
    ['reproduced', 1764 * 1.49, 586, 180 / 1.49],
    ['cannot be told here', 1764 * 1.51, 586, 180],
    ['cannot be told here', 1764, 586, 180 / 2.9],
    ['refuted', 1764, 586, 180 / 3.1],
    ['refuted', 580, 586, 180],
    ['refuted', 1764, 180, 200],
    ['cannot be told here', null, 586, 180],
  ])('counts as %s for %s, %s and %s bytes', (outcome, short, long, sse) => {
    const old = { 'short-poll': short, 'long-poll': long, sse, ws: 100 }
    expect(judgeBytes({ updates: 5, old, today: old }).outcome).toBe(outcome)
  })
})

describe('claim 2, one broadcast to 10,000 subscribers', () => {
  const costs = (wsMs: number, sseMs: number, longPollMs: number, othersShare = 0): CostOfBroadcast => {
    return { wsMs, sseMs, longPollMs, withNextMs: 300, lastClientMs: 200, othersShare }
  }
  test.each([
    ['reproduced', 10_000, costs(35, 56, 81)],
    ['reproduced', 10_000, costs(100, 110, 160)],
    ['cannot be told here', 10_000, costs(100, 105, 160)],
    ['cannot be told here', 10_000, costs(100, 110, 150)],
    ['refuted', 10_000, costs(100, 110, 114)],
    ['refuted', 10_000, costs(100, 80, 150)],
    ['refuted', 10_000, costs(100, 321, 400)],
    ['cannot be told here', 9999, costs(35, 56, 81)],
    ['cannot be told here', 10_000, costs(35, 56, 81, 0.51)],
    ['cannot be told here', 10_000, null],
  ])('counts as %s with %i clients and the costs %o', (outcome, clients, nchan) => {
    expect(judgeBroadcast({ clients, broadcasts: 5, nchan, fourwire: null }).outcome).toBe(outcome)
  })
})

describe('claim 3, the broadcast of ws', () => {
  const usual = {
    clients: 10_000,
    samples: 100,
    toldMs: 400,
    receivedMs: 450,
    toldMeanwhileMs: 400,
    clientsMs: 50,
    othersShare: 0,
  }
  test.each([
    ['reproduced', {}],
    ['reproduced', { toldMs: 205, receivedMs: 215 }],
    ['cannot be told here', { toldMs: 203, receivedMs: 215 }],
    ['reproduced', { toldMs: 810, receivedMs: 815 }],
    ['cannot be told here', { toldMs: 810, receivedMs: 820 }],
    ['refuted', { receivedMs: 551 }],
    ['cannot be told here', { toldMs: 100, receivedMs: 170, clientsMs: 60 }],
    ['cannot be told here', { clients: 9999 }],
    ['cannot be told here', { othersShare: 0.51 }],
  ])('counts as %s with %o', (outcome, change) => {
    expect(judgeShootout({ ...usual, ...change }).outcome).toBe(outcome)
  })
})

describe('claim 4, half of the interval', () => {
  const line = (latencyMs: number, extraMs: readonly number[], lateMs = 0, lost = 0) => {
    return { latencyMs, webSocketMs: extraMs.map(() => latencyMs + lateMs), extraMs, lost }
  }
  const times = (...values: readonly number[]) => [...values, ...Array<number>(6 - values.length).fill(values[0] ?? 0)]
  test.each([
    ['reproduced', [line(100, times(24)), line(150, times(26))]],
    ['refuted', [line(100, times(26)), line(150, times(100))]],
    ['refuted', [line(100, times(1)), line(150, times(24))]],
    ['cannot be told here', [line(100, times(24, 26)), line(150, times(100))]],
    ['cannot be told here', [line(100, times(1)), line(150, times(26, 24))]],
    ['cannot be told here', [line(100, times(1), 26), line(150, times(100))]],
    ['reproduced', [line(100, times(1), 24), line(150, times(100), -24)]],
    ['cannot be told here', [line(100, times(1), 0, 1), line(150, times(100))]],
  ])('counts as %s for %o', (outcome, lines) => {
    expect(judgeHalf({ intervalMs: 250, lines }).outcome).toBe(outcome)
  })
})

describe('claim 5, SSE against WebSocket', () => {
  const network = (quotients: readonly number[], doubt: string | null = null) => {
    return { latencyMs: 0, sseMs: quotients.map((one) => 10 * one), webSocketMs: quotients.map(() => 10), doubt }
  }
  test.each([
    ['refuted', [network([0.9, 1, 1, 1.1, 1.2, 1.49])]],
    ['cannot be told here', [network([0.9, 1, 1, 1.1, 1.2, 1.51])]],
    ['reproduced', [network([1.5, 1.6, 1.7, 1.8, 1.9, 2])]],
    ['cannot be told here', [network([1, 1, 1, 1, 1, 1]), network([2, 2, 2, 2, 2, 2])]],
    ['cannot be told here', [network([1, 1, 1, 1, 1])]],
    ['cannot be told here', [network([1, 1, 1, 1, 1, 1], 'The clients were busy.')]],
  ])('counts as %s for %o', (outcome, networks) => {
    expect(judgeMargins({ messages: 144, networks }).outcome).toBe(outcome)
  })
})

describe('claim 6, the connections of a long poll', () => {
  test.each([
    ['refuted', [10, 10, 90]],
    ['cannot be told here', [11, 1, 100]],
    ['cannot be told here', [1, 1, 89]],
    ['reproduced', [90, 100, 100]],
    ['cannot be told here', [89, 100, 100]],
  ])('counts as %s for %o connections and 100 messages', (outcome, [socket = 0, fetching = 0, closing = 0]) => {
    expect(judgeConnections({ messages: 100, clients: clientsWith(socket, fetching, closing) }).outcome).toBe(outcome)
  })

  test('cannot be told if a client has lost a message', () => {
    const clients = clientsWith(1, 1, 100).map((client) => ({ ...client, received: 99 }))
    expect(judgeConnections({ messages: 100, clients }).outcome).toBe('cannot be told here')
  })
})

describe('claim 7, the age from which on polling wins', () => {
  test.each([
    ['reproduced', [3.1, 11.9], 0],
    ['refuted', [12, 13], 0],
    ['refuted', [2.9, 2], 0],
    ['cannot be told here', [12, 11.9], 0],
    ['cannot be told here', [2, 13], 0],
    ['cannot be told here', [6, 6], 0.51],
  ])('counts as %s if SSE costs %o ms, and others use %s', (outcome, costs, othersShare) => {
    const plain = upkeepWith(costs, othersShare)
    expect(judgeCrossover({ clients: 1000, plain, fourwire: plain }).outcome).toBe(outcome)
  })

  test('is interpolated between both measured intervals, and unknown beyond them', () => {
    expect(crossingsOf(upkeepWith([6], 0), 'cpuMs')[0]).toBeCloseTo(10)
    expect(crossingsOf(upkeepWith([12, 2.9], 0), 'cpuMs')).toEqual([0, Infinity])
  })
})

function clientsWith(socket: number, fetching: number, closing: number) {
  const client = { received: 100, delayMs: 2 }
  return [
    { ...client, name: 'plain socket', connections: socket },
    { ...client, name: 'fetch of Node', connections: fetching },
    { ...client, name: 'Connection: close', connections: closing },
  ] as const
}

/** Polls cost 12 ms every 5 s, and 3 ms every 20 s. SSE costs this many ms in each round. */
function upkeepWith(costs: readonly number[], othersShare: number): MeasuredUpkeep {
  const upkeep = (cpuMs: number) => ({ cpuMs, bytes: cpuMs })
  return { rounds: costs.map((cpuMs) => ({ sse: upkeep(cpuMs), often: upkeep(12), seldom: upkeep(3) })), othersShare }
}
