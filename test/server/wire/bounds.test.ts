/** Limits of recordings: the bytes that they keep and the bytes that they drop. */
import type { IncomingMessage } from 'node:http'
import { expect, test } from 'vitest'
import { createCapture } from '../../../server/wire/capture/capture.ts'
import type { Capture } from '../../../server/wire/capture/capture.ts'
import type { Reading } from '../../../server/wire/reading.ts'
import type { Recording } from '../../../server/wire/capture/recording.ts'
import { frame } from './frame.ts'

const LANE_BYTES = 256 * 1024
const TOTAL_BYTES = 64 * 1024 * 1024

const CHUNKED = 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n'

function begin(capture: Capture, lane = 'a.1'): Recording {
  const request = { method: 'GET', url: '/', httpVersion: '1.1', rawHeaders: ['Host', 'x'] } as IncomingMessage
  const reading: Reading = {
    lane,
    transport: null,
    body: () => () => ({ payload: 0, heartbeats: 0 }),
    idOf: () => undefined,
    messageDown: () => 'payload',
    messageUp: () => 'requestBodies',
    isEmpty: () => false,
  }
  const recording = capture.begin(reading, request, { number: 1, requests: 0 }, false)
  if (!recording) throw new Error('Nobody watches.')
  recording.head(30)
  return recording
}

const chunk = (data: string): Buffer => Buffer.from(`${data.length.toString(16)}\r\n${data}\r\n`)

const length = (recording: Recording): number => recording.parts.list().reduce((sum, { length }) => sum + length, 0)

test('the capture does not record a lane that no page watches', () => {
  const capture = createCapture()
  expect(() => begin(capture)).toThrow('Nobody watches')
  const stop = capture.watch('a', () => {})
  expect(() => begin(capture, 'b.1')).toThrow('Nobody watches')
  const { exchange } = begin(capture)
  expect(capture.find(exchange)).not.toBeNull()
  stop()
  expect(capture.find(exchange)).toBeNull()
  expect(capture.keptBytes).toBe(0)
  expect(() => begin(capture)).toThrow('Nobody watches')
})

test('the capture keeps the latest exchanges of a lane, up to the limit of the lane', () => {
  const capture = createCapture()
  capture.watch('a', () => {})
  const all = Array.from({ length: 500 }, () => {
    const recording = begin(capture)
    recording.down(Buffer.from(`HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n${'x'.repeat(1000)}`))
    recording.over(30, 1041, false)
    expect(capture.keptBytes).toBeLessThanOrEqual(LANE_BYTES)
    return recording.exchange
  })
  const kept = all.filter((exchange) => capture.find(exchange))
  expect(kept.length).toBeGreaterThan(50)
  expect(kept).toEqual(all.slice(-kept.length))
})

test('the capture keeps the heads and the latest chunks of a long stream, and counts the dropped bytes between them', () => {
  const capture = createCapture()
  capture.watch('a', () => {})
  const recording = begin(capture)
  recording.down(Buffer.from(CHUNKED))
  const first = begin(capture)
  first.over(30, 0, true)
  for (let i = 0; i < 2000; i++) {
    recording.down(chunk(`${i}${'.'.repeat(500)}`))
    expect(capture.keptBytes).toBeLessThanOrEqual(LANE_BYTES)
  }
  const parts = recording.parts.list()
  expect(parts.slice(0, 4).map(({ is }) => is)).toEqual(['head', 'head', 'dropped', 'chunk'])
  expect(String(parts.at(-1)?.bytes)).toContain('1999.')
  expect(capture.keptBytes).toBeGreaterThan(LANE_BYTES * 0.9)
  const chunks = Array.from({ length: 2000 }, (_, i) => chunk(`${i}${'.'.repeat(500)}`).length)
  expect(length(recording)).toBe(30 + CHUNKED.length + chunks.reduce((sum, bytes) => sum + bytes))
  // The finished exchange was deleted before any part of the open one.
  expect(capture.find(first.exchange)).toBeNull()
})

test('the capture counts the dropped bytes of a WebSocket separately for each direction', () => {
  const capture = createCapture()
  capture.watch('a', () => {})
  const recording = begin(capture)
  recording.down(Buffer.from('HTTP/1.1 101 Switching Protocols\r\n\r\n'))
  for (let i = 0; i < 2000; i++) {
    recording.framesUp(frame(Buffer.from('up'), { mask: true }))
    recording.down(frame(Buffer.from('d')))
  }
  expect(capture.keptBytes).toBeLessThanOrEqual(LANE_BYTES)
  const [, , ...parts] = recording.parts.list()
  expect(parts.slice(0, 3).map(({ is }) => is)).toEqual(['dropped', 'dropped', 'frame'])
  const sum = (up: boolean) => parts.reduce((sum, part) => (part.up === up ? sum + part.length : sum), 0)
  expect([sum(true), sum(false)]).toEqual([2000 * 8, 2000 * 3])
})

test('the capture keeps only the beginning of a very long body', () => {
  const capture = createCapture()
  capture.watch('a', () => {})
  const recording = begin(capture)
  recording.down(Buffer.from('HTTP/1.1 200 OK\r\nContent-Length: 10000000\r\n\r\n'))
  for (let i = 0; i < 100; i++) {
    recording.down(Buffer.alloc(100_000))
    expect(capture.keptBytes).toBeLessThanOrEqual(LANE_BYTES)
  }
  const body = recording.parts.list().at(-1)
  expect(body?.length).toBe(10_000_000)
  expect(body?.bytes.length).toBeGreaterThan(10_000)
})

test('a thousand lanes that reach their limits together keep the total limit of the capture', () => {
  const capture = createCapture()
  capture.watch('a', () => {})
  const data = chunk('x'.repeat(2000))
  const open: Recording[] = []
  for (let i = 0; i < 1000; i++) {
    const recording = begin(capture, `a.${i}`)
    open.push(recording)
    recording.down(Buffer.from(CHUNKED))
    for (let j = 0; j < 120; j++) recording.down(data)
    if (i % 50 === 0) expect(capture.keptBytes).toBeLessThanOrEqual(TOTAL_BYTES)
  }
  expect(capture.keptBytes).toBeLessThanOrEqual(TOTAL_BYTES)
  expect(capture.keptBytes).toBeGreaterThan(TOTAL_BYTES * 0.9)
  for (const { exchange } of open) expect(capture.find(exchange)?.parts.list().at(-1)).toMatchObject({ is: 'chunk' })
})

test('above the limit of lanes, the capture deletes the least recently used lane, but still reports its crossings', () => {
  const capture = createCapture({ laneBytes: LANE_BYTES, totalBytes: TOTAL_BYTES, lanes: 2 })
  const told: string[] = []
  capture.watch('a', ({ lane, is }) => told.push(`${lane} ${is}`))
  const [one, two, three] = [begin(capture, 'a.1'), begin(capture, 'a.2'), begin(capture, 'a.3')]
  expect([one, two, three].map(({ exchange }) => capture.find(exchange) !== null)).toEqual([false, true, true])
  const { keptBytes } = capture
  one.down(Buffer.from(CHUNKED))
  expect(told.at(-1)).toBe('a.1 head')
  expect(capture.keptBytes).toBe(keptBytes)
})
