import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { TAIL_S, batteryPercent, heldRadio, periodicRadio, streamRadio } from '../../../web/measure/radio.ts'
import { transports } from '../../../web/transports/index.ts'

test('a heartbeat every 15 seconds keeps the radio awake for two thirds of the time, and a poll every minute for a sixth', () => {
  expect(streamRadio(0, 15)).toEqual({ awake: expect.closeTo(2 / 3), wakesPerSecond: expect.closeTo(1 / 15) })
  expect(periodicRadio(60)).toEqual({ awake: expect.closeTo(1 / 6), wakesPerSecond: expect.closeTo(1 / 60) })
  expect(heldRadio(0, 25)).toEqual({ awake: expect.closeTo(0.4), wakesPerSecond: expect.closeTo(1 / 25) })
  expect(batteryPercent(1)).toBeCloseTo(6.67, 2)
})

test('with a message each second the radio never sleeps, whatever the transport is', () => {
  for (const { awake, wakesPerSecond } of [periodicRadio(2), heldRadio(1, 25), streamRadio(1, 15)]) {
    expect(awake).toBeGreaterThan(0.999)
    expect(wakesPerSecond).toBeLessThan(0.001)
  }
})

/** Plays a day of a radio that packets wake at these times. */
function played(packetsS: readonly number[], endS: number) {
  const times = packetsS.toSorted((one, other) => one - other)
  let awakeS = 0
  let wakes = 0
  for (const [i, atS] of times.entries()) {
    const nextS = times[i + 1] ?? endS
    awakeS += Math.min(TAIL_S, nextS - atS)
    if (nextS - atS > TAIL_S) wakes++
  }
  return { awake: awakeS / endS, wakesPerSecond: wakes / endS }
}

test.each([0.01, 0.05, 0.2])('the formulas agree with a simulation of packets at %s messages a second', (rate) => {
  let state = 7
  const random = () => ((state = (state * 1_664_525 + 1_013_904_223) % 2 ** 32), (state + 0.5) / 2 ** 32)
  const endS = 2e6
  const messages: number[] = []
  for (let atS = 0; atS < endS; atS -= Math.log(random()) / rate) messages.push(atS)
  const heartbeats = Array.from({ length: endS / 15 }, (_, i) => 15 * i)
  const held: number[] = []
  for (let atS = 0; atS < endS; atS += Math.min(25, -Math.log(random()) / rate)) held.push(atS)
  for (const [model, real] of [
    [streamRadio(rate, 15), played([...messages, ...heartbeats], endS)],
    [heldRadio(rate, 25), played(held, endS)],
  ] as const) {
    expect(model.awake / real.awake).toBeCloseTo(1, 1)
    expect(model.wakesPerSecond / real.wakesPerSecond).toBeCloseTo(1, 1)
  }
})

test('the memory of a connection is the one that test/README.md has measured', () => {
  const text = readFileSync(join(import.meta.dirname, '../../README.md'), 'utf8').replaceAll(/\s+/g, ' ')
  const { sse, stream, ws, 'long-poll': held, 'short-poll': short } = transports
  expect(text).toContain(
    `SSE ${sse.memoryKiB} KiB (8.5 to 10.5), streaming HTTP ${stream.memoryKiB} (9.6 to 15.0), WebSocket ${ws.memoryKiB.toFixed(1)} `,
  )
  expect(text).toContain(`${held.memoryKiB} KiB for a held long poll`)
  expect(short.memoryKiB).toBe(held.memoryKiB)
})
