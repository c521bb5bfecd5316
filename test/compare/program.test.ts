/** Tests of `npm run compare` as a program, with real servers. */
import { spawn } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import type { RequestListener } from 'node:http'
import { createServer as createTcpServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { text as textOf } from 'node:stream/consumers'
import { WebSocketServer } from 'ws'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { startChat } from '../chat-server.ts'
import type { AnswerReport } from './answers/report.ts'
import type { Report } from './report.ts'
import {
  MAIN,
  SHORT,
  compare,
  eventStream,
  expectTrouble,
  leftOver,
  measured,
  numberingStream,
  portOf,
  sendEvent,
  serve,
  start,
} from '../comparing.ts'
import { until } from '../until.ts'

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'fourwire-compare-'))
  return () => rm(folder, { recursive: true })
})

afterAll(() => until('no process is left over', () => leftOver().length === 0))

describe('a Fourwire that the program starts', () => {
  // Six servers start one after the other, which takes long on a busy machine.
  test(
    'is measured over all transports, and the report contains every figure for each transport',
    { timeout: 90_000 },
    async () => {
      const [file, page] = [join(folder, 'report.json'), join(folder, 'report.html')]
      const args = [
        '--transports',
        'short-poll,long-poll,sse,ws,stream',
        '--interval',
        '0.1',
        '--json',
        file,
        '--html',
        page,
      ]
      const { code, stdout } = await compare(...SHORT, ...args)
      expect(code).toBe(0)
      expect(stdout).toContain('transport')
      const { results, machine, workload }: Report = JSON.parse(await readFile(file, 'utf8'))
      expect(results.map(({ transport }) => transport)).toEqual(['short-poll', 'long-poll', 'sse', 'ws', 'stream'])
      for (const {
        messages,
        deliveries,
        lost,
        doubled,
        reordered,
        bytes,
        requests,
        acceptedDelay,
        clockBoundMs,
      } of results) {
        expect({ messages, deliveries, lost, doubled, reordered }).toEqual({
          messages: 30,
          deliveries: 120,
          lost: 0,
          doubled: 0,
          reordered: 0,
        })
        expect(bytes).toBeGreaterThan(100)
        expect(requests).toBeGreaterThanOrEqual(0)
        // The acceptance is after the sending, as far as the clocks can tell.
        expect(acceptedDelay?.p50?.ms).toBeGreaterThan(-(clockBoundMs ?? 0))
      }
      expect(results.find(({ transport }) => transport === 'sse')?.requests).toBe(0)
      expect(await readFile(page, 'utf8')).toContain('<td>stream</td>')
      expect(machine).toMatchObject({ node: process.version })
      expect(workload).toMatchObject({ clients: 4, rate: 60, bytes: 100, url: null })
    },
  )

  test('ends when the program is killed', async () => {
    const child = await startMeasuring()
    child.kill('SIGKILL')
    await until('no process is left over', () => leftOver().length === 0)
  })

  test('ends when the user interrupts the program', async () => {
    const child = await startMeasuring()
    child.kill('SIGINT')
    expect(await once(child, 'exit')).toEqual([130, null])
    await until('no process is left over', () => leftOver().length === 0)
  })
})

describe('the program with the adapter', () => {
  test('sse measures a plain event stream, and ends with exit code 1 if a threshold is broken', async () => {
    const url = await serve(eventStream())
    const thresholds = ['--threshold', 'sse.p99<0.001ms', '--threshold', 'sse.lost<=0']
    const { code, stdout } = await compare(...SHORT, '--adapter', 'sse', '--url', url, ...thresholds)
    expect(stdout).toMatch(/The threshold sse\.p99<0\.001ms is (?:broken|not met)/)
    expect(stdout).not.toContain('sse.lost')
    expect(code).toBe(1)
  })

  test.skipIf(process.platform !== 'linux')(
    'leaves a server that the user has started on its cores, and writes no query of its address and no --header into the report (skipped on other systems than Linux)',
    async () => {
      const url = await serve(eventStream())
      const other = spawn('sleep', ['60'])
      onTestFinished(() => void other.kill())
      const cores = () => /^Cpus_allowed_list:.*$/m.exec(readFileSync(`/proc/${other.pid}/status`, 'utf8'))?.[0]
      const before = cores()
      const file = join(folder, 'foreign.json')
      const args = ['--adapter', 'sse', '--url', `${url}?token=secret`, '--publish', url, '--pid', String(other.pid)]
      const { code } = await compare(...SHORT, ...args, '--header', 'Authorization: secret', '--json', file)
      expect(code).toBe(0)
      expect(cores()).toBe(before)
      expect(await readFile(file, 'utf8')).not.toContain('secret')
    },
  )

  test('ws measures a WebSocket server that sends each message to all clients', async () => {
    const server = new WebSocketServer({ port: 0, host: '127.0.0.1' })
    server.on('connection', (socket) =>
      socket.on('message', (data) => server.clients.forEach((client) => client.send(data.toString()))),
    )
    onTestFinished(() => server.close())
    await once(server, 'listening')
    const { code, results } = await measured('--adapter', 'ws', '--url', `ws://127.0.0.1:${portOf(server)}/`)
    expect(code).toBe(0)
    expect(results).toMatchObject([{ transport: 'ws', deliveries: 120, lost: 0, doubled: 0 }])
  })

  test('poll measures a JSON endpoint that has a cursor, and one that has none', async () => {
    const url = await serve(pollEndpoint())
    const args = ['--adapter', 'poll', '--interval', '0.05', '--publish', url]
    const plain = await measured(...args, '--url', url)
    const withCursor = await measured(...args, '--url', `${url}?after={cursor}`)
    for (const { code, results } of [plain, withCursor]) {
      expect(code).toBe(0)
      expect(results).toMatchObject([{ transport: 'short-poll', deliveries: 120, lost: 0, doubled: 0 }])
    }
    expect(withCursor.results[0]?.bytes).toBeLessThan(plain.results[0]?.bytes ?? 0)
  })

  test('ai measures the streamed answers of a chat, and neither prints the key nor writes it into a report', async () => {
    await using chat = await startChat({ key: 'secret', firstMs: 20 })
    const file = join(folder, 'ai.json')
    const args = ['--adapter', 'ai', '--url', chat.url.href, '--header', 'Authorization: Bearer secret']
    const limits = ['--threshold', 'ai.first.p50<1ms', '--threshold', 'ai.failed<=0']
    const { code, stdout, stderr } = await compare(
      ...SHORT,
      ...args,
      ...limits,
      '--json',
      file,
      '--html',
      `${file}.html`,
    )
    expect(code).toBe(1)
    expect(stdout).toMatch(/The threshold ai\.first\.p50<1ms is (?:broken|not met)/)
    expect(stdout).not.toContain('ai.failed')
    const { results }: AnswerReport = JSON.parse(await readFile(file, 'utf8'))
    expect(results).toMatchObject([{ transport: 'ai', requests: 30, answers: 30, failed: 0, events: 5 }])
    const written = await Promise.all([file, `${file}.html`].map((name) => readFile(name, 'utf8')))
    expect([stdout, stderr, ...written].join('\n')).not.toContain('secret')
  })

  test('in a file measures the user’s own server, and matches messages by the ids of that server', async () => {
    const url = await serve(numberingStream())
    const file = join(folder, 'mine.mjs')
    const readme = await readFile(join(import.meta.dirname, 'README.md'), 'utf8')
    await writeFile(file, /```js\n(.*?)```/s.exec(readme)?.[1] ?? '')
    const { code, results } = await measured('--adapter', file, '--url', url)
    expect(code).toBe(0)
    expect(results).toMatchObject([{ transport: 'lines', deliveries: 120, lost: 0, bytes: null }])
  })

  test('sse counts messages that a server loses, repeats or delivers out of order', async () => {
    const { results } = await measured('--adapter', 'sse', '--url', await serve(brokenStream()))
    const { lost, doubled, reordered } = results[0] ?? {}
    expect(lost).toBeGreaterThan(0)
    expect(doubled).toBeGreaterThan(0)
    expect(reordered).toBeGreaterThan(0)
  })
})

describe('the program ends with exit code 2 and one sentence, before it measures anything, if it is given', () => {
  test('an address where nothing listens', async () => {
    const server = createTcpServer().listen(0, '127.0.0.1')
    await once(server, 'listening')
    const url = `http://127.0.0.1:${portOf(server)}/`
    server.close()
    await expectTrouble(
      ['--url', url],
      `--url is "${url}", and over short-poll the connection failed: connect ECONNREFUSED`,
    )
  })

  test('an address without a Fourwire', async () => {
    const url = await serve((_request, response) => response.writeHead(404).end())
    await expectTrouble(['--url', url, '--transports', 'sse'], 'GET /feed/')
  })

  test('a server that does not speak HTTP', async () => {
    const server = createTcpServer((socket) => socket.end('220 smtp.example ESMTP\r\n')).listen(0, '127.0.0.1')
    await once(server, 'listening')
    onTestFinished(() => void server.close())
    await expectTrouble(
      ['--url', `http://127.0.0.1:${portOf(server)}/`],
      'the response is no HTTP/1.1: "220 smtp.example',
    )
  })

  test('a transport that the adapter does not have', async () => {
    await expectTrouble(
      ['--transports', 'sse,carrier-pigeon'],
      '--transports contains "carrier-pigeon", and the adapter "fourwire" has only short-poll,',
    )
  })

  test('a threshold for a transport that is not measured', async () => {
    await expectTrouble(
      ['--transports', 'sse', '--threshold', 'ws.p99<1s'],
      '--threshold is "ws.p99<1s", and "ws" is not measured.',
    )
  })

  test('an address of a chat with a key that is wrong, a payload without "stream", or an option that answers do not have', async () => {
    await using chat = await startChat({ key: 'right' })
    const args = ['--adapter', 'ai', '--url', chat.url.href]
    const first = `--url is "${chat.url.href}", and the first request over ai failed:`
    await expectTrouble(
      [...args, '--header', 'Authorization: Bearer wrong'],
      `${first} POST /v1/chat/completions returned`,
    )
    const payload = join(folder, 'request.json')
    await writeFile(payload, '{"model":"small"}')
    const key = ['--header', 'Authorization: Bearer right']
    await expectTrouble([...args, ...key, '--payload', payload], 'write "stream": true into the payload')
    await expectTrouble([...args, '--publish', 'http://x/'], 'the adapter "ai" does not use it. Leave it out.')
    await expectTrouble(
      [...args, '--scenario', 'burst'],
      '--scenario is "burst", and a measurement with the adapter "ai"',
    )
    await expectTrouble([...args, '--threshold', 'ai.p95<1s'], 'ai has no figure "p95". Use first.p50,')
  })

  test('an adapter that does not exist', async () => {
    const url = ['--url', 'http://127.0.0.1:1']
    await expectTrouble(
      [...url, '--adapter', 'smtp'],
      '--adapter is "smtp", which is no adapter. Give fourwire, sse, ws, poll, nchan, socket.io, ai, or the path of a file.',
    )
    await expectTrouble(
      [...url, '--adapter', './none.mjs'],
      '--adapter is "./none.mjs", and this file cannot be imported:',
    )
  })

  test.each([
    ['export const adapter = { name: "x" }', 'lacks transports, connect, match.'],
    [
      'export default { name: "x", transports: ["x"], connect() { throw new Error("no luck") }, match() {} }',
      'and its "connect" threw: no luck',
    ],
    [
      'export default { name: "x", transports: ["x"], connect(t, c) { c.live(); return { close() {} } }, match() {} }',
      'has no "publish", and its connections have no "send".',
    ],
    [
      'export default { name: "x", transports: ["x"], connect(t, c) { c.live(); this.c = c; return { close() {} } }, match() { throw new Error("bad text") }, async publish() { this.c.received("a") } }',
      'and its "match" threw: bad text',
    ],
  ])('an adapter with the code %s', async (code, sentence) => {
    const file = join(folder, `${randomUUID()}.mjs`)
    await writeFile(file, code)
    await expectTrouble(['--url', 'http://127.0.0.1:1', '--adapter', file], sentence)
  })

  test('more clients than the connections that a process may open', async () => {
    const child = spawn('sh', ['-c', `ulimit -n 256; exec "${process.execPath}" "${MAIN}" --clients 500`], {
      stdio: ['ignore', 'ignore', 'pipe'],
    })
    expect(await textOf(child.stderr)).toContain(
      '--clients is "500", and a process may open only 256 files and connections here.',
    )
    expect(child.exitCode ?? (await once(child, 'exit'))[0]).toBe(2)
  })
})

/** Resolves when the first measurement has begun. */
async function startMeasuring() {
  const child = start('--transports', 'sse', '--clients', '2')
  for await (const line of createInterface(child.stderr)) if (line.startsWith('Repetition 1')) return child
  throw new Error('The program has ended.')
}

/** Loses each tenth message, repeats another tenth, and delivers another one only after the next ones. */
function brokenStream(): RequestListener {
  return eventStream((stream, text, count) => {
    if (count % 10 === 3) return
    if (count % 10 === 5) sendEvent(stream, text)
    if (count % 10 === 7) setTimeout(() => sendEvent(stream, text), 200)
    else sendEvent(stream, text)
  })
}

function pollEndpoint(): RequestListener {
  const texts: string[] = []
  return async (request, response) => {
    if (request.method === 'POST') {
      texts.push(await textOf(request))
      return void response.end()
    }
    const after = Number(new URLSearchParams(request.url?.split('?')[1]).get('after') ?? 0)
    response.end(JSON.stringify({ messages: texts.slice(after), cursor: texts.length }))
  }
}
