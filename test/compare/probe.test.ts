/** Tests of the time limits before a measurement, with servers that never respond. */
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { markIn } from './adapter.ts'
import type { Adapter, ComparedServer } from './adapter.ts'
import { readOptions } from './options.ts'
import { probe } from './probe.ts'
import { openSender } from './sender.ts'

const MINUTE_MS = 60_000

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

test('the probe fails if the server accepts a published message and never responds', async () => {
  const trouble = '--publish is "http://x/", and it did not respond to a message within 10 s.'
  await expectTrouble(probeOf({ publish: () => new Promise(() => {}) }), trouble)
})

test('the probe fails if no connection becomes ready', async () => {
  const trouble = '--url is "http://x/", and over line no connection was ready after 10 s.'
  await expectTrouble(probeOf({ connect: () => ({ close() {} }) }), trouble)
})

test('the connection that publishes is closed if it is not ready in time', async () => {
  const close = vi.fn<() => void>()
  const opening = openSender(adapterWith({ connect: () => ({ close, send() {} }) }), target)
  await expectTrouble(opening, 'The connection that publishes was not ready after 10 s.')
  expect(close).toHaveBeenCalledOnce()
})

async function expectTrouble(promise: Promise<unknown>, sentence: string): Promise<void> {
  const expected = expect(promise).rejects.toThrow(sentence)
  await vi.advanceTimersByTimeAsync(MINUTE_MS)
  await expected
}

function probeOf(changes: Partial<Adapter>): Promise<void> {
  const options = readOptions(['--url', 'http://x/'])
  if (!options) throw new Error('There are no options.')
  return probe(adapterWith(changes), options, target)
}

/** An adapter whose clients are ready at once and receive nothing. */
const adapterWith = (changes: Partial<Adapter>): Adapter => ({
  name: 'test',
  transports: ['line'],
  match: markIn,
  connect(_target, client) {
    client.live()
    return { close() {} }
  },
  ...changes,
})

const url = new URL('http://x/')
const target: ComparedServer = { transport: 'line', url, publishUrl: url, run: 'a', intervalMs: 1000, waitS: 25 }
