/** Tests of the scenarios of `npm run compare`, and of the network that it imitates, with real servers. */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import type { RequestListener, ServerResponse } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text as textOf } from 'node:stream/consumers'
import { afterAll, beforeAll, expect, test } from 'vitest'
import {
  SHORT,
  compare,
  eventStream,
  expectTrouble,
  leftOver,
  measured,
  numberingStream,
  serve,
} from '../../comparing.ts'
import type { Report } from '../report.ts'
import { serve as serveFourwire } from '../../serve.ts'
import { until } from '../../until.ts'

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'fourwire-compare-'))
  return () => rm(folder, { recursive: true })
})

afterAll(() => until('no process is left over', () => leftOver().length === 0))

test('the program measures bursts and a ramp, and the report contains the figures of the scenario', async () => {
  const url = await serve(eventStream())
  const page = join(folder, 'ramp.html')
  const args = ['--adapter', 'sse', '--url', url]
  const burst = await measured(...args, '--scenario', 'burst')
  expect(burst.results).toMatchObject([{ messages: 30, lost: 0, scenario: [{ name: 'burst', incomplete: 0 }] }])
  expect(burst.results[0]?.scenario[0]).toMatchObject({ wholeMs: { length: 3 } })
  const ramp = await measured(...args, '--scenario', 'ramp', '--rate-to', '180', '--html', page)
  expect(ramp.results).toMatchObject([{ messages: 60, lost: 0, scenario: [{ name: 'ramp', steps: { length: 10 } }] }])
  expect(await readFile(page, 'utf8')).toMatch(/<th>holds messages\/s<\/th>.*, 180 messages\/s<\/text>/s)
})

test('the program measures how all clients return after a cut, and finds no lost or doubled message', async () => {
  const url = await serve(resumableStream())
  const args = ['--adapter', 'sse', '--url', url, '--scenario', 'reconnect-storm', '--storm-within', '0.2']
  const { code, results } = await measured(...args, '--seconds', '1')
  expect(code).toBe(0)
  expect(results).toMatchObject([
    { deliveries: 240, lost: 0, doubled: 0, dropped: 0, scenario: [{ notReturned: 0, retries: 0, refused: 0 }] },
  ])
  const [figures] = results[0]?.scenario ?? []
  expect(figures?.name === 'reconnect-storm' && figures.silenceMs).toBeGreaterThan(1)
})

test('a Fourwire loses and repeats no message over transports that resume at different kinds of cursors', async () => {
  await using server = await serveFourwire()
  const args = ['--url', server.origin, '--transports', 'ws,stream', '--scenario', 'reconnect-storm']
  const { code, results } = await measured(...args, '--seconds', '0.6', '--storm-within', '0.2')
  expect(code).toBe(0)
  const clean = { deliveries: 144, lost: 0, doubled: 0, dropped: 0 }
  expect(results).toMatchObject(['ws', 'stream'].map((transport) => ({ transport, ...clean })))
})

test('the program compares the clients that read with the slow ones', async () => {
  const url = await serve(eventStream())
  const { code, results } = await measured(
    '--adapter',
    'sse',
    '--url',
    url,
    '--scenario',
    'slow-readers',
    '--slow',
    '25',
  )
  expect(code).toBe(0)
  // Three of four clients read. The slow one gets its messages after the pause.
  expect(results).toMatchObject([{ deliveries: 90, lost: 0, scenario: [{ clients: 1, missing: 0, dropped: 0 }] }])
})

test('the program measures a server behind a slow network, and states in the report what was changed', async () => {
  const url = await serve(eventStream())
  const file = join(folder, 'slow.json')
  const args = ['--adapter', 'sse', '--url', url, '--rtt', '80', '--json', file]
  const { code, stdout } = await compare(...SHORT, ...args)
  expect(code).toBe(0)
  expect(stdout).toContain('Network between the clients and the server: a round trip of 80 ms.')
  const { results, workload }: Report = JSON.parse(await readFile(file, 'utf8'))
  expect(workload).toMatchObject({ rtt: 80, url })
  expect(results).toMatchObject([{ deliveries: 120, lost: 0, doubled: 0 }])
  expect(results[0]?.distribution[0]).toBeGreaterThan(39)
  expect(results[0]?.own.relay?.busyShare).toBeGreaterThan(0)
})

test('a scenario that the adapter cannot do ends the program with exit code 2', async () => {
  const url = await serve(eventStream())
  await expectTrouble(
    ['--adapter', 'sse', '--url', url, '--scenario', 'reconnect-storm'],
    '--scenario is "reconnect-storm", and over sse the adapter "sse" gets no cursor from the server, so a client could not resume.',
  )
  const file = join(folder, 'unpausable.mjs')
  const readme = await readFile(join(import.meta.dirname, '../README.md'), 'utf8')
  await writeFile(file, /```js\n(.*?)```/s.exec(readme)?.[1] ?? '')
  await expectTrouble(
    ['--adapter', file, '--url', await serve(numberingStream()), '--scenario', 'slow-readers'],
    `--scenario is "slow-readers", and over lines the adapter "${file}" cannot pause a connection.`,
  )
})

/** Numbers the events, and continues after the number in Last-Event-ID. */
function resumableStream(): RequestListener {
  const streams = new Set<ServerResponse>()
  const events: string[] = []
  return async (request, response) => {
    if (request.method === 'POST') {
      const text = await textOf(request)
      const event = `id: ${events.length}\ndata: ${text}\n\n`
      events.push(event)
      for (const stream of streams) stream.write(event)
      return void response.end()
    }
    response.writeHead(200, { 'content-type': 'text/event-stream' }).flushHeaders()
    const last = request.headers['last-event-id']
    if (last !== undefined) response.write(events.slice(Number(last) + 1).join(''))
    streams.add(response)
    response.on('close', () => streams.delete(response))
  }
}
