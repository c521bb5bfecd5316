/** A link behaves as Node's HTTP server, ws and the meter expect from a socket. */
import { once } from 'node:events'
import { expect, test } from 'vitest'
import type { Conditions } from '../../../../server/protocol/lab.ts'
import { Link } from '../../../../server/wire/bend/link.ts'
import { NEUTRAL } from '../../../../server/wire/bend/ranges.ts'
import { until } from '../../../until.ts'
import { socketPair } from '../wired.ts'

async function linked(conditions: Partial<Conditions>) {
  const { kernel, client, [Symbol.dispose]: dispose } = await socketPair()
  const link = new Link(kernel, { ...NEUTRAL, ...conditions }, () => false)
  link.on('error', () => {})
  let heard = ''
  client.on('data', (bytes: Buffer) => (heard += bytes.toString('latin1')))
  return { kernel, client, link, heard: () => heard, [Symbol.dispose]: dispose }
}

test('a link reports the same addresses and byte counts as the kernel’s socket', async () => {
  using pair = await linked({ latencyMs: 5 })
  const { kernel, client, link } = pair
  for (const name of [
    'remoteAddress',
    'remotePort',
    'remoteFamily',
    'localAddress',
    'localPort',
    'localFamily',
  ] as const) {
    expect(link[name]).toBe(kernel[name])
    expect(link[name]).toBeDefined()
  }
  expect(link.address()).toEqual(kernel.address())
  client.write('12345')
  link.resume()
  link.write('123')
  await until('all bytes have arrived at both ends', () => link.bytesRead === 5 && pair.heard() === '123')
  expect([link.bytesRead, link.bytesWritten]).toEqual([kernel.bytesRead, kernel.bytesWritten])
})

test('the link accepts each write at once, and delivers writes of the same time together after one latency', async () => {
  using pair = await linked({ latencyMs: 100 })
  const arrivedMs: number[] = []
  const beganMs = performance.now()
  pair.client.on('data', () => arrivedMs.push(performance.now() - beganMs))
  for (const text of ['a', 'b', 'c']) expect(pair.link.write(text)).toBe(true)
  await until('all bytes have arrived', () => pair.heard() === 'abc')
  expect(Math.min(...arrivedMs)).toBeGreaterThan(98)
  expect(Math.max(...arrivedMs)).toBeLessThan(150)
})

test('the first bytes from the client also wait for the round trip of the set-up', async () => {
  using pair = await linked({ latencyMs: 50 })
  const beganMs = performance.now()
  pair.client.write('a')
  await once(pair.link, 'data')
  expect(performance.now() - beganMs).toBeGreaterThan(145)
  const againMs = performance.now()
  pair.client.write('b')
  await once(pair.link, 'data')
  expect(performance.now() - againMs).toBeLessThan(100)
})

test('the callback of a write is called when the kernel has the bytes', async () => {
  using pair = await linked({ latencyMs: 50 })
  const told: [string, number][] = []
  for (const text of ['a', 'bc', '']) pair.link.write(text, 'latin1', () => told.push([text, pair.kernel.bytesWritten]))
  await until('three writes are called back', () => told.length === 3)
  expect(told).toEqual([
    ['a', 3],
    ['bc', 3],
    ['', 3],
  ])
})

test('the callback of a write gets an error if the kernel never gets the bytes', async () => {
  using pair = await linked({ latencyMs: 10_000 })
  const told: (Error | null | undefined)[] = []
  pair.link.write('a', (error) => told.push(error))
  pair.link.write(Buffer.from('b'), (error) => told.push(error))
  await new Promise((resolve) => setImmediate(resolve))
  expect(told).toEqual([])
  pair.link.destroy()
  await until('both writes are called back', () => told.length === 2)
  expect(told).toEqual([expect.any(Error), expect.any(Error)])
})

test('a writer must wait while the line and the stream are full, and can continue when there is space', async () => {
  using pair = await linked({ bandwidthBytesPerSecond: 4_000_000 })
  let writtenBytes = 0
  while (writtenBytes < 1_500_000) {
    writtenBytes += 50_000
    if (!pair.link.write(Buffer.alloc(50_000))) {
      expect(writtenBytes - pair.link.bytesWritten).toBeLessThan(500_000)
      await once(pair.link, 'drain')
    }
  }
  await until('all bytes have arrived', () => pair.heard().length === writtenBytes)
})

test('a client that reads slowly makes the server wait, and its own requests are not delayed', async () => {
  using pair = await linked({ slowReaderBytesPerSecond: 1_000_000 })
  const upBytes = 200_000
  let readBytes = 0
  pair.link.on('data', (chunk: Buffer) => (readBytes += chunk.length))
  let writtenBytes = 0
  while (pair.link.write(Buffer.alloc(50_000))) writtenBytes += 50_000
  // A part of it may have been read during the writing.
  expect(writtenBytes).toBeLessThan(500_000)
  pair.client.write(Buffer.alloc(upBytes))
  await until('all bytes of the client have arrived', () => readBytes === upBytes)
  expect(pair.link.writableNeedDrain).toBe(true)
  await until('all bytes of the server have arrived', () => pair.heard().length === writtenBytes + 50_000)
})

test('a link reads from the client only on demand, and otherwise the client has to wait', async () => {
  using pair = await linked({ latencyMs: 1 })
  const bytes = 20_000_000
  pair.client.write(Buffer.alloc(bytes, 'x'))
  await until('the kernel socket is paused', () => pair.kernel.isPaused())
  expect(pair.link.bytesRead).toBeLessThan(2_000_000)
  let read = 0
  pair.link.on('data', (chunk: Buffer) => (read += chunk.length))
  await until('all bytes are read', () => read === bytes)
})

test('corked writes and all other writes arrive in their order', async () => {
  using pair = await linked({ latencyMs: 5, jitterMs: 20 })
  pair.link.write('1')
  pair.link.cork()
  for (let i = 2; i < 6; i++) pair.link.write(String(i))
  pair.link.uncork()
  pair.link.end('6')
  await until('all bytes have arrived', () => pair.heard() === '123456')
})

test('the end of a stream arrives after its last byte, and the other direction stays open', async () => {
  using pair = await linked({ latencyMs: 20 })
  pair.client.allowHalfOpen = true
  pair.client.end('last words')
  let heard = ''
  pair.link.on('data', (bytes) => (heard += String(bytes)))
  await once(pair.link, 'end')
  expect(heard).toBe('last words')
  expect(pair.link.writable).toBe(true)
  pair.link.end('answer')
  await once(pair.client, 'end')
  expect(pair.heard()).toBe('answer')
  await until('the link and its socket are destroyed', () => pair.link.destroyed && pair.kernel.destroyed)
})

test('after the server has ended the link, it still reads all bytes from the client', async () => {
  using pair = await linked({ latencyMs: 50 })
  let heard = ''
  pair.link.on('data', (bytes) => (heard += String(bytes)))
  const ended = once(pair.link, 'end')
  pair.link.end()
  await once(pair.link, 'finish')
  pair.client.end('last words')
  await ended
  expect(heard).toBe('last words')
  await until('the link and its socket are closed', () => pair.link.closed && pair.kernel.closed)
})

test('the end of a stream makes a buffering proxy release its held bytes', async () => {
  using pair = await linked({ bufferingBytes: 1000 })
  pair.link.end('HTTP/1.1 200 OK\r\n')
  await once(pair.client, 'end')
  expect(pair.heard()).toBe('HTTP/1.1 200 OK\r\n')
})

test('destroySoon closes the link after all written bytes were sent', async () => {
  using pair = await linked({ latencyMs: 50 })
  pair.link.write('goodbye')
  pair.link.destroySoon()
  expect(pair.link.destroyed).toBe(false)
  await once(pair.client, 'end')
  expect(pair.heard()).toBe('goodbye')
  await until('the link and its socket are destroyed', () => pair.link.destroyed && pair.kernel.destroyed)
})

test.each([
  ['destroy', 'end'],
  ['resetAndDestroy', 'ECONNRESET'],
] as const)('after %s of the link, the client gets %s, and bytes on their way are lost', async (act, seen) => {
  using pair = await linked({ latencyMs: 10_000 })
  pair.link.write('lost')
  let how = ''
  pair.client.on('end', () => (how ||= 'end'))
  pair.client.on('error', (error: Error & { code?: string }) => (how ||= error.code ?? ''))
  pair.link[act]()
  await until('the client has noticed the close', () => pair.client.closed)
  expect([how, pair.heard()]).toEqual([seen, ''])
})

test('the link ends if the client sends a reset or an end', async () => {
  for (const act of ['resetAndDestroy', 'end'] as const) {
    using pair = await linked({ latencyMs: 5 })
    pair.link.resume()
    pair.link.on('end', () => pair.link.end())
    pair.client[act]()
    await until('the link and its socket are closed', () => pair.link.closed && pair.kernel.closed)
    expect(pair.link.errored).toEqual(act === 'end' ? null : expect.objectContaining({ code: 'ECONNRESET' }))
  }
})

test('setTimeout emits "timeout" after silence and calls its listener once, and setTimeout(0) stops the timer', async () => {
  using pair = await linked({ latencyMs: 1 })
  let times = 0
  const count = () => (times += 1)
  pair.link.setTimeout(30, count)
  expect(pair.link.timeout).toBe(30)
  await once(pair.link, 'timeout')
  expect(times).toBe(1)
  pair.link.setTimeout(0, count)
  expect([pair.link.timeout, pair.link.listenerCount('timeout')]).toEqual([0, 0])
})

test('setNoDelay, setKeepAlive, ref and unref return the link', async () => {
  using pair = await linked({ latencyMs: 1 })
  const { link } = pair
  expect([link.setNoDelay(true), link.setKeepAlive(true, 1000), link.unref(), link.ref()]).toEqual([
    link,
    link,
    link,
    link,
  ])
})

test('a destroyed link leaves no timer', async () => {
  const timers = () => process.getActiveResourcesInfo().filter((kind) => kind === 'Timeout').length
  // The test uses many links, because the test runner has a few timers of its own.
  const conditions = [{ latencyMs: 60_000 }, { idleCutMs: 60_000 }, { bufferingBytes: 1e6, bufferingMs: 60_000 }]
  for (const condition of conditions) {
    const pairs = await Promise.all(Array.from({ length: 20 }, () => linked(condition)))
    const before = timers()
    for (const { link } of pairs) link.write('HTTP/1.1 200 OK\r\n')
    await until('the link has started its timers', () => timers() >= before + 10 || condition.idleCutMs)
    for (const pair of pairs) {
      pair.link.destroy()
      pair[Symbol.dispose]()
    }
    await until('no timer is left', () => timers() < 10)
  }
})
