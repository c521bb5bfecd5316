import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { TransportName } from '../../../server/protocol/feed.ts'
import { FALLBACKS as ORDER } from '../../../web/lane/order.ts'
import { PATIENCE_MS, startFallback, step } from '../../../web/board/fallback.ts'
import type { Fallback, TransportReport } from '../../../web/board/fallback.ts'

const live = (transport: TransportName): TransportReport => ({ is: 'live', transport })
const down = (transport: TransportName, trouble = 'the connection was cut'): TransportReport => ({
  is: 'down',
  transport,
  trouble,
})

/** Lets time pass in steps of a quarter of a second. `delivers` names the transports that deliver. */
function pass(state: Fallback, fromMs: number, ms: number, delivers: readonly TransportName[] = []): Fallback {
  for (let atMs = fromMs; atMs <= fromMs + ms; atMs += 250) {
    for (const name of delivers)
      if (name === state.trial || (name === state.current && !state.isLive)) state = step(state, live(name), atMs)
    state = step(state, { is: 'tick' }, atMs)
  }
  return state
}

test('a page begins with WebSocket, and keeps this transport as long as it delivers', () => {
  const state = pass(step(startFallback(0), live('ws'), 100), 100, 600_000)
  expect(state).toMatchObject({ current: 'ws', isLive: true, trial: null, gaveUp: null })
})

test('the page replaces a transport that delivers nothing in time by the next transport, and states the reason', () => {
  const failed = step(startFallback(0), down('ws'), 50)
  expect(pass(failed, 50, PATIENCE_MS - 300)).toMatchObject({ current: 'ws' })
  expect(pass(failed, 50, PATIENCE_MS)).toMatchObject({
    current: 'sse',
    isLive: false,
    gaveUp: { transport: 'ws', trouble: 'the connection was cut' },
  })
  expect(pass(startFallback(0), 0, PATIENCE_MS).gaveUp?.trouble).toBe('it delivered nothing in 4 s')
})

test('as long as no transport works, the page tries all of them in turn', () => {
  const seen = new Set<string>()
  let state = startFallback(0)
  for (let atMs = 0; atMs < 20_000; atMs += 1000) {
    state = step(state, { is: 'tick' }, atMs)
    seen.add(state.current)
  }
  expect([...seen]).toEqual(ORDER)
  expect(state).toMatchObject({ current: 'ws', isLive: false, gaveUp: null })
})

test('the page keeps a transport that reconnects in time after a cut', () => {
  let state = step(startFallback(0), live('ws'), 0)
  state = step(state, down('ws'), 1000)
  state = step(pass(state, 1000, 2000), live('ws'), 3000)
  expect(pass(state, 3000, 20_000)).toMatchObject({ current: 'ws', isLive: true, gaveUp: null })
})

test('the page gives up a transport that is cut four times in a minute, although it always reconnects', () => {
  let state = startFallback(0)
  for (let atMs = 0; state.current === 'ws' && atMs < 60_000; atMs += 5000)
    state = step(step(state, live('ws'), atMs), down('ws'), atMs + 1000)
  expect(state).toMatchObject({
    current: 'sse',
    gaveUp: { transport: 'ws', trouble: 'it was lost 4 times in a minute' },
  })
})

test('the page gives up a transport at once if it does not deliver a change that the server has accepted', () => {
  const state = step(startFallback(0), live('ws'), 0)
  const report: TransportReport = { is: 'withheld', transport: 'ws', trouble: 'held back' }
  expect(step(state, report, 10)).toMatchObject({ current: 'sse', gaveUp: { trouble: 'held back' } })
})

test('the page tries better transports in addition to the current one, and returns to the best one that works', () => {
  const fallen = step(pass(startFallback(0), 0, PATIENCE_MS), live('sse'), 5000)
  const trying = pass(fallen, 5000, 10_000)
  expect(trying).toMatchObject({ current: 'sse', isLive: true, trial: 'ws' })
  expect(step(trying, live('ws'), 16_000)).toMatchObject({ current: 'ws', isLive: true, trial: null, gaveUp: null })
})

test('the page tries a transport that never works less and less often', () => {
  const fallen = step(pass(startFallback(0), 0, PATIENCE_MS), live('sse'), 5000)
  const begun: number[] = []
  let state = fallen
  for (let atMs = 5000; atMs < 1_500_000; atMs += 250) {
    const before = state.trial
    state = step(state, { is: 'tick' }, atMs)
    if (before === null && state.trial !== null) begun.push(atMs)
  }
  const pauses = begun.slice(1).map((atMs, i) => atMs - (begun[i] ?? 0) - PATIENCE_MS)
  expect(pauses.slice(0, 4)).toEqual([20_000, 40_000, 80_000, 160_000])
  expect(Math.max(...pauses)).toBe(300_000)
})

test('a page that has fallen back to short polling finds the best transport that works', () => {
  const fallen = pass(startFallback(0), 0, 13_000, ['short-poll'])
  expect(fallen).toMatchObject({ current: 'short-poll', isLive: true })
  expect(pass(fallen, 13_250, 30_000, ['short-poll', 'long-poll'])).toMatchObject({
    current: 'long-poll',
    isLive: true,
  })
})

test('the page never replaces a transport that the user has chosen', () => {
  expect(pass(startFallback(0, 'sse'), 0, 60_000)).toMatchObject({ current: 'sse', trial: null, gaveUp: null })
})

describe('after any sequence of reports', () => {
  const name = fc.constantFrom(...ORDER)
  const report: fc.Arbitrary<TransportReport> = fc.oneof(
    name.map(live),
    name.map((transport) => down(transport)),
    name.map((transport): TransportReport => ({ is: 'withheld', transport, trouble: 'held back' })),
    fc.constant<TransportReport>({ is: 'tick' }),
  )
  test('the page uses the best transport that works', () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(report, fc.nat(8000))),
        fc.subarray([...ORDER], { minLength: 1 }),
        (reports, works) => {
          let atMs = 0
          let state = startFallback(0)
          for (const [one, ms] of reports) state = step(state, one, (atMs += ms))
          // A transport that no longer works reports its failure.
          if (!works.includes(state.current)) state = step(state, down(state.current), atMs)
          state = pass(state, atMs, 700_000, works)
          expect(state).toMatchObject({ current: ORDER.find((name) => works.includes(name)), isLive: true })
        },
      ),
    )
  })
})
