import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import fc from 'fast-check'
import { createPipe } from '../../../../server/wire/bend/pipe.ts'
import type { Condition } from '../../../../server/wire/bend/conditions/condition.ts'
import { latency } from '../../../../server/wire/bend/conditions/latency.ts'

beforeEach(() => vi.useFakeTimers())
afterEach(() => vi.useRealTimers())

function watched(conditions: readonly Condition[]) {
  const arrived: { readonly atMs: number; readonly text: string }[] = []
  const told: string[] = []
  let takes = true
  const pipe = createPipe(conditions, {
    deliver(packets) {
      for (const packet of packets) arrived.push({ atMs: performance.now(), text: String(packet) })
      return takes
    },
    drained: () => told.push('drained'),
    ended: () => told.push('ended'),
  })
  return {
    pipe,
    arrived,
    told,
    text: () => arrived.map(({ text }) => text).join(''),
    take: (does: boolean) => (takes = does),
  }
}

test('a pipe without a delay delivers bytes at once', () => {
  const { pipe, text } = watched([])
  pipe.put(Buffer.from('a'))
  expect(text()).toBe('a')
})

test('a pipe delays each write from the time of that write, so that a second write does not wait for the first', () => {
  const { pipe, arrived } = watched([latency(100)])
  const beganMs = performance.now()
  pipe.put(Buffer.from('a'))
  vi.advanceTimersByTime(30)
  pipe.put(Buffer.from('b'))
  vi.advanceTimersByTime(200)
  expect(arrived.map(({ atMs, text }) => [text, Math.round(atMs - beganMs)])).toEqual([
    ['a', 100],
    ['b', 130],
  ])
})

test('after the method free was called, a pipe delivers queued and later bytes at once and in order', () => {
  const { pipe, text, told } = watched([latency(100)])
  pipe.put(Buffer.from('a'))
  vi.advanceTimersByTime(50)
  pipe.put(Buffer.from('b'))
  pipe.free()
  pipe.put(Buffer.from('c'))
  expect(text()).toBe('abc')
  pipe.end()
  expect(told).toEqual(['ended'])
  expect(vi.getTimerCount()).toBe(0)
})

test('a pipe keeps the order and loses no byte under any conditions', () => {
  fc.assert(
    fc.property(
      fc.array(fc.record({ bytes: fc.integer({ min: 0, max: 5000 }), waitMs: fc.integer({ min: 0, max: 50 }) }), {
        maxLength: 40,
      }),
      fc.infiniteStream(fc.integer({ min: 0, max: 300 })),
      (writes, delays) => {
        const { pipe, text, told } = watched([(_bytes, readyMs) => readyMs + (delays.next().value ?? 0)])
        let written = ''
        for (const [i, { bytes, waitMs }] of writes.entries()) {
          const chunk = String.fromCharCode(97 + (i % 26)).repeat(bytes)
          written += chunk
          pipe.put(Buffer.from(chunk))
          vi.advanceTimersByTime(waitMs)
          expect(written.startsWith(text())).toBe(true)
        }
        pipe.end()
        vi.advanceTimersByTime(400)
        expect(text() === written).toBe(true)
        expect(told.at(-1)).toBe('ended')
      },
    ),
  )
})

test('a pipe is full at 256 KiB, and calls "drained" when it has space again', () => {
  const { pipe, told } = watched([latency(100)])
  expect(pipe.put(Buffer.alloc(262_143))).toBe(true)
  vi.advanceTimersByTime(50)
  expect(pipe.put(Buffer.alloc(1))).toBe(false)
  expect(told).toEqual([])
  vi.advanceTimersByTime(50)
  expect(told).toEqual(['drained'])
})

test('a pipe keeps packets that the receiver refuses, until the receiver resumes', () => {
  const { pipe, text, take } = watched([latency(10)])
  take(false)
  pipe.put(Buffer.from('a'))
  vi.advanceTimersByTime(10)
  pipe.put(Buffer.from('b'))
  vi.advanceTimersByTime(1000)
  expect(text()).toBe('a')
  take(true)
  pipe.resume()
  expect(text()).toBe('ab')
})

test('a stopped pipe calls no callback and leaves no timer', () => {
  const { pipe, text, told } = watched([latency(10)])
  pipe.put(Buffer.from('a'))
  pipe.end()
  pipe.stop()
  expect(vi.getTimerCount()).toBe(0)
  vi.advanceTimersByTime(100)
  pipe.resume()
  expect([text(), told]).toEqual(['', []])
})
