/** What Node's HTTP server, ws and the meter want of a socket: all of it holds of a link. */
import { once } from 'node:events'
import { expect, test } from 'vitest'
import type { Conditions } from '../../../server/protocol.ts'
import { Link } from '../../../server/wire/link.ts'
import { NEUTRAL } from '../../../server/wire/ranges.ts'
import { until } from '../../until.ts'
import { socketPair } from './wired.ts'

async function linked(conditions: Partial<Conditions>) {
  const { kernel, client, [Symbol.dispose]: dispose } = await socketPair()
  const link = new Link(kernel, { ...NEUTRAL, ...conditions }, () => false)
  link.on('error', () => {})
  let heard = ''
  client.on('data', (bytes: Buffer) => (heard += bytes.toString('latin1')))
  return { kernel, client, link, heard: () => heard, [Symbol.dispose]: dispose }
}

test('has the addresses of the kernel\u2019s socket, and its counts', async () => {
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
  await until('all has arrived', () => link.bytesRead === 5 && pair.heard() === '123')
  expect([link.bytesRead, link.bytesWritten]).toEqual([kernel.bytesRead, kernel.bytesWritten])
})

test('takes each write at once and delivers it a latency later, not one behind the other', async () => {
  using pair = await linked({ latencyMs: 100 })
  const arrivedMs: number[] = []
  const beganMs = performance.now()
  pair.client.on('data', () => arrivedMs.push(performance.now() - beganMs))
  for (const text of ['a', 'b', 'c']) expect(pair.link.write(text)).toBe(true)
  await until('all has arrived', () => pair.heard() === 'abc')
  expect(Math.min(...arrivedMs)).toBeGreaterThan(98)
  expect(Math.max(...arrivedMs)).toBeLessThan(150)
})

test('what goes up waits for the set-up\u2019s round trip as well, once', async () => {
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

test('calls a write back when the kernel has its bytes', async () => {
  using pair = await linked({ latencyMs: 50 })
  const told: [string, number][] = []
  for (const text of ['a', 'bc', '']) pair.link.write(text, 'latin1', () => told.push([text, pair.kernel.bytesWritten]))
  await until('all are called back', () => told.length === 3)
  expect(told).toEqual([
    ['a', 3],
    ['bc', 3],
    ['', 3],
  ])
})

test('calls a write back with an error where the kernel never had it', async () => {
  using pair = await linked({ latencyMs: 10_000 })
  const told: (Error | null | undefined)[] = []
  pair.link.write('a', (error) => told.push(error))
  pair.link.write(Buffer.from('b'), (error) => told.push(error))
  await new Promise((resolve) => setImmediate(resolve))
  expect(told).toEqual([])
  pair.link.destroy()
  await until('both are called back', () => told.length === 2)
  expect(told).toEqual([expect.any(Error), expect.any(Error)])
})

test('writes only as much as the line and the stream hold, and more when there is room', async () => {
  using pair = await linked({ bandwidthBytesPerSecond: 4_000_000 })
  let writtenBytes = 0
  while (writtenBytes < 1_500_000) {
    writtenBytes += 50_000
    if (!pair.link.write(Buffer.alloc(50_000))) {
      expect(writtenBytes - pair.link.bytesWritten).toBeLessThan(500_000)
      await once(pair.link, 'drain')
    }
  }
  await until('all has arrived', () => pair.heard().length === writtenBytes)
})

test('makes the server wait for a slow reader, and its client for nobody', async () => {
  using pair = await linked({ slowReaderBytesPerSecond: 1_000_000 })
  const upBytes = 200_000
  let readBytes = 0
  pair.link.on('data', (chunk: Buffer) => (readBytes += chunk.length))
  let writtenBytes = 0
  while (pair.link.write(Buffer.alloc(50_000))) writtenBytes += 50_000
  // Some of it may have been read while it was written.
  expect(writtenBytes).toBeLessThan(500_000)
  pair.client.write(Buffer.alloc(upBytes))
  await until('all has come up', () => readBytes === upBytes)
  expect(pair.link.writableNeedDrain).toBe(true)
  await until('all has arrived', () => pair.heard().length === writtenBytes + 50_000)
})

test('reads no more than it is asked to, and then the client has to wait', async () => {
  using pair = await linked({ latencyMs: 1 })
  const bytes = 20_000_000
  pair.client.write(Buffer.alloc(bytes, 'x'))
  await until('it is full', () => pair.kernel.isPaused())
  expect(pair.link.bytesRead).toBeLessThan(2_000_000)
  let read = 0
  pair.link.on('data', (chunk: Buffer) => (read += chunk.length))
  await until('all is read', () => read === bytes)
})

test('what is corked arrives in order with the rest', async () => {
  using pair = await linked({ latencyMs: 5, jitterMs: 20 })
  pair.link.write('1')
  pair.link.cork()
  for (let i = 2; i < 6; i++) pair.link.write(String(i))
  pair.link.uncork()
  pair.link.end('6')
  await until('all has arrived', () => pair.heard() === '123456')
})

test('an end arrives behind the last byte, and the other direction stays open', async () => {
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
  await until('both are closed', () => pair.link.destroyed && pair.kernel.destroyed)
})

test('what comes up behind an end of its own is read to the last byte', async () => {
  using pair = await linked({ latencyMs: 50 })
  let heard = ''
  pair.link.on('data', (bytes) => (heard += String(bytes)))
  const ended = once(pair.link, 'end')
  pair.link.end()
  await once(pair.link, 'finish')
  pair.client.end('last words')
  await ended
  expect(heard).toBe('last words')
  await until('both are closed', () => pair.link.closed && pair.kernel.closed)
})

test('an end lets go what a buffering proxy holds', async () => {
  using pair = await linked({ bufferingBytes: 1000 })
  pair.link.end('HTTP/1.1 200 OK\r\n')
  await once(pair.client, 'end')
  expect(pair.heard()).toBe('HTTP/1.1 200 OK\r\n')
})

test('destroySoon closes when all that was written is sent', async () => {
  using pair = await linked({ latencyMs: 50 })
  pair.link.write('goodbye')
  pair.link.destroySoon()
  expect(pair.link.destroyed).toBe(false)
  await once(pair.client, 'end')
  expect(pair.heard()).toBe('goodbye')
  await until('it is destroyed', () => pair.link.destroyed && pair.kernel.destroyed)
})

test.each([
  ['destroy', 'end'],
  ['resetAndDestroy', 'ECONNRESET'],
] as const)('%s is seen by the client as %s, and what was under way is lost', async (act, seen) => {
  using pair = await linked({ latencyMs: 10_000 })
  pair.link.write('lost')
  let how = ''
  pair.client.on('end', () => (how ||= 'end'))
  pair.client.on('error', (error: Error & { code?: string }) => (how ||= error.code ?? ''))
  pair.link[act]()
  await until('it is closed', () => pair.client.closed)
  expect([how, pair.heard()]).toEqual([seen, ''])
})

test('a client that resets, and one that closes, end it', async () => {
  for (const act of ['resetAndDestroy', 'end'] as const) {
    using pair = await linked({ latencyMs: 5 })
    pair.link.resume()
    pair.link.on('end', () => pair.link.end())
    pair.client[act]()
    await until('it is closed', () => pair.link.closed && pair.kernel.closed)
    expect(pair.link.errored).toEqual(act === 'end' ? null : expect.objectContaining({ code: 'ECONNRESET' }))
  }
})

test('setTimeout tells of silence, once for a listener, and 0 ends it', async () => {
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

test('setNoDelay, setKeepAlive, ref and unref answer the link itself', async () => {
  using pair = await linked({ latencyMs: 1 })
  const { link } = pair
  expect([link.setNoDelay(true), link.setKeepAlive(true, 1000), link.unref(), link.ref()]).toEqual([
    link,
    link,
    link,
    link,
  ])
})

test('leaves no timer behind, whatever was under way', async () => {
  const timers = () => process.getActiveResourcesInfo().filter((kind) => kind === 'Timeout').length
  // Many of each, as the tests' own machinery has a few that come and go.
  const conditions = [{ latencyMs: 60_000 }, { idleCutMs: 60_000 }, { bufferingBytes: 1e6, bufferingMs: 60_000 }]
  for (const condition of conditions) {
    const pairs = await Promise.all(Array.from({ length: 20 }, () => linked(condition)))
    const before = timers()
    for (const { link } of pairs) link.write('HTTP/1.1 200 OK\r\n')
    await until('timers run', () => timers() >= before + 10 || condition.idleCutMs)
    for (const pair of pairs) {
      pair.link.destroy()
      pair[Symbol.dispose]()
    }
    await until('none is left', () => timers() < 10)
  }
})
