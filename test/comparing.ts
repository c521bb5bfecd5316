/** Runs `npm run compare` as a program, and the servers that it measures, for tests. */
import { spawn } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { existsSync, readFileSync, readdirSync } from 'node:fs'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http'
import type { AddressInfo, Server } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text as textOf } from 'node:stream/consumers'
import type { WebSocketServer } from 'ws'
import { expect, onTestFinished } from 'vitest'
import type { Report } from './compare/report.ts'

export const MAIN = join(import.meta.dirname, 'compare/main.ts')

/** Marks all processes of the tests, so that one that is left over is found. */
const MARK = randomUUID()

/** Options of a short measurement: 30 messages to four clients. */
export const SHORT = [
  '--clients',
  '4',
  '--rate',
  '60',
  '--seconds',
  '0.5',
  '--warmup',
  '0.1',
  '--ramp',
  '0.1',
  '--repeat',
  '1',
]

/** Expects that the program ends with this sentence on stderr, and measures nothing. */
export async function expectTrouble(args: readonly string[], sentence: string): Promise<void> {
  const { code, stdout, stderr } = await compare(...args)
  expect(stderr).toContain(sentence)
  expect(stderr.trim().split('\n')).toHaveLength(1)
  expect({ code, stdout }).toEqual({ code: 2, stdout: '' })
}

/** Resolves with the exit code and the results of a short measurement. */
export async function measured(...args: string[]): Promise<{ code: number; results: Report['results'] }> {
  const folder = await mkdtemp(join(tmpdir(), 'fourwire-compare-'))
  onTestFinished(() => rm(folder, { recursive: true }))
  const file = join(folder, 'report.json')
  const { code, stderr } = await compare(...SHORT, ...args, '--json', file)
  if (!existsSync(file)) throw new Error(stderr)
  const { results }: Report = JSON.parse(await readFile(file, 'utf8'))
  return { code, results }
}

/** Starts the program. It ends with the test. */
export function start(...args: string[]) {
  const child = spawn(process.execPath, [MAIN, ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, COMPARE_TEST: MARK },
  })
  onTestFinished(() => void child.kill('SIGKILL'))
  return child
}

/** Resolves with the exit code and the output when the program has ended. */
export async function compare(...args: string[]): Promise<{ code: number; stdout: string; stderr: string }> {
  const child = start(...args)
  const [stdout, stderr, [code]] = await Promise.all([textOf(child.stdout), textOf(child.stderr), once(child, 'exit')])
  return { code, stdout, stderr }
}

/** Returns the processes of the tests that are running; none on a machine without `/proc`. */
export function leftOver(): readonly string[] {
  if (!existsSync('/proc/self/environ')) return []
  return readdirSync('/proc').filter((pid) => {
    try {
      return /^\d+$/.test(pid) && readFileSync(`/proc/${pid}/environ`, 'latin1').includes(`COMPARE_TEST=${MARK}`)
    } catch {
      return false
    }
  })
}

/** Resolves with the address of a server that ends with the test. */
export async function serve(listener: RequestListener): Promise<string> {
  const server = createServer(listener).listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(() => {
    server.closeAllConnections()
    server.close()
  })
  return `http://127.0.0.1:${portOf(server)}/`
}

export const portOf = (server: Pick<Server, 'address'> | WebSocketServer): number =>
  (server.address() as AddressInfo).port

/** Sends the body of each POST to all streams, as `send` writes it. */
export function eventStream(
  send: (stream: ServerResponse, text: string, count: number) => void = sendEvent,
): RequestListener {
  const streams = new Set<ServerResponse>()
  let count = 0
  return async (request, response) => {
    if (request.method !== 'POST') return open(request, response)
    const text = await textOf(request)
    for (const stream of streams) send(stream, text, count)
    response.end(String(count))
    count += 1
  }

  function open(_request: IncomingMessage, response: ServerResponse): void {
    response.writeHead(200, { 'content-type': 'text/event-stream' }).flushHeaders()
    streams.add(response)
    response.on('close', () => streams.delete(response))
  }
}

export const sendEvent = (stream: ServerResponse, text: string): boolean => stream.write(`data: ${text}\n\n`)

/** Delivers a line with a number of its own in the place of the text. */
export const numberingStream = (): RequestListener =>
  eventStream((stream, _text, count) =>
    stream.write(`message ${count}
`),
  )
