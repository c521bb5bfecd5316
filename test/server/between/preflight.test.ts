import { createServer as createHttpServer } from 'node:http'
import { createServer } from 'node:net'
import { once } from 'node:events'
import { expect, test } from 'vitest'
import { preflight } from '../../../web/lab/preflight.ts'
import type { Between } from '../../../web/lab/preflight.ts'
import { serve } from '../../serve.ts'
import { until } from '../../until.ts'

/** Returns each transport with its finding, and with the status if there is one. */
const short = ({ found }: Between): string[] =>
  found.map(({ transport, found, status }) => `${transport} ${found}${status === undefined ? '' : ` ${status}`}`)

test.concurrent('without an obstacle, every transport works, and the preflight takes less than 4 s', async () => {
  await using server = await serve({ auth: { password: 'correct horse battery' } })
  const beganAtMs = performance.now()
  const between = await preflight(server.origin, server.origin)
  expect(performance.now() - beganAtMs).toBeLessThan(4000)
  expect(short(between)).toEqual(['short-poll works', 'long-poll works', 'sse works', 'ws works'])
  const [poll, hold, sse, ws] = between.found.map(({ ms }) => ms ?? Infinity)
  expect(hold).toBeGreaterThan(1990)
  for (const ms of [poll, sse, ws]) expect(ms).toBeLessThan(900)
  expect(between.server).toMatchObject({ is: 'fourwire', refuses: null })
})

test.concurrent('a firewall that refuses upgrades refuses only the WebSocket', async () => {
  await using server = await serve({ conditions: { firewall: true } })
  const between = await preflight(server.origin, server.origin)
  expect(short(between)).toEqual(['short-poll works', 'long-poll works', 'sse works', 'ws refused'])
})

test.concurrent('a proxy that collects responses holds only the event stream', async () => {
  await using server = await serve({ conditions: { bufferingBytes: 65_536, bufferingMs: 0 } })
  const between = await preflight(server.origin, server.origin)
  expect(short(between)).toEqual(['short-poll works', 'long-poll works', 'sse held', 'ws works'])
})

test.concurrent('a server that accepts connections and sends nothing gives no answer, and so does a server that is away', async () => {
  const silent = createServer().listen(0, '127.0.0.1')
  await once(silent, 'listening')
  const address = silent.address()
  const port = typeof address === 'object' ? address?.port : 0
  const origin = `http://127.0.0.1:${port}`
  const nothing = { found: ['short-poll', 'long-poll', 'sse', 'ws'].map((name) => `${name} no answer`) }
  const beganAtMs = performance.now()
  const between = await preflight(origin, origin)
  expect(performance.now() - beganAtMs).toBeLessThan(5000)
  expect({ found: short(between) }).toEqual(nothing)
  expect(between.server).toEqual({ is: 'nothing' })
  silent.close()
  const away = await preflight(origin, origin)
  expect({ found: short(away) }).toEqual(nothing)
})

test.concurrent('a server says that it refuses the pages of a strange origin and of a strange host, and accepts those of an allowed origin', async () => {
  await using server = await serve({ allowOrigins: ['http://allowed.example'] })
  const ask = async (from: string, host?: string): Promise<{ refuses: string | null }> => {
    const { body } = await server.app.inject({
      url: `/between/poll?from=${encodeURIComponent(from)}`,
      headers: { host: host ?? `127.0.0.1:${server.port}`, origin: 'http://any.example' },
    })
    return JSON.parse(body)
  }
  expect((await ask('http://strange.example')).refuses).toMatch(/http:\/\/strange\.example.*--allow-origin/)
  expect((await ask('http://strange.example', 'strange.example')).refuses).toMatch(/--allow-host strange\.example/)
  expect((await ask('http://allowed.example')).refuses).toBeNull()
  expect((await ask(server.origin)).refuses).toBeNull()
})

test.concurrent('of a server with endless responses, the preflight reads only the beginning', async () => {
  let closed = 0
  const endless = createHttpServer((_request, response) => {
    const write = (): void =>
      void (response.destroyed || response.write('data: 1'.repeat(10_000), () => setImmediate(write)))
    response.once('close', () => (closed += 1))
    write()
  }).listen(0, '127.0.0.1')
  await once(endless, 'listening')
  const address = endless.address()
  const origin = `http://127.0.0.1:${typeof address === 'object' ? address?.port : 0}`
  const beganAtMs = performance.now()
  const between = await preflight(origin, origin)
  expect(performance.now() - beganAtMs).toBeLessThan(2000)
  expect(short(between)).toEqual(['short-poll works', 'long-poll works', 'sse no answer', 'ws refused'])
  expect(between.server).toEqual({ is: 'other' })
  await until('the preflight has closed all responses', () => closed >= 3)
  endless.close()
})

test.concurrent('a server whose version is no version is no Fourwire, so it puts no text into the report', async () => {
  const other = createHttpServer((_request, response) => {
    response.end(JSON.stringify({ fourwire: '1.0.0\nDear reader', refuses: null }))
  }).listen(0, '127.0.0.1')
  await once(other, 'listening')
  const address = other.address()
  const origin = `http://127.0.0.1:${typeof address === 'object' ? address?.port : 0}`
  expect((await preflight(origin, origin)).server).toEqual({ is: 'other' })
  other.close()
})
