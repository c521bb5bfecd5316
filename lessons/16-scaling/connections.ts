/** Measures the memory of an open connection on the server. */
import { once } from 'node:events'
import { connect } from 'node:net'
import type { Socket } from 'node:net'
import { print } from '../kit/looking.ts'
import { startSandbox } from '../kit/sandbox.ts'

const HELD = ['Accept: */*']
const UPGRADE = [
  'Connection: Upgrade',
  'Upgrade: websocket',
  'Sec-WebSocket-Version: 13',
  'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
]

/** Kinds of connections. With `isAnswered`, a connection is open when its first bytes have come; a held poll gets no bytes. */
const KINDS = [
  { name: 'kept for the next short poll', path: 'poll', headers: HELD, isAnswered: true },
  { name: 'held long poll', path: 'long-poll?wait=30&after=CURSOR', headers: HELD, isAnswered: false },
  { name: 'SSE', path: 'sse', headers: HELD, isAnswered: true },
  { name: 'WebSocket', path: 'ws', headers: UPGRADE, isAnswered: true },
] as const

/** Names of figures in `/metrics`. */
const HELD_POLLS = 'fourwire_clients{transport="long-poll"}'
const MEMORY = 'process_resident_memory_bytes'

/** Connections that are opened before the measurement, so that the server has loaded everything that it loads once. */
const WARM = 20

/** Connections that are measured. A server allows 400 for one address. */
const COUNT = 300

/**
 * For each kind of connection, starts a sandbox, opens connections, asks the sandbox how much its memory has grown, and
 * prints the result.
 */
export async function measureConnections(): Promise<void> {
  print(`${COUNT} connections of each kind, each kind with a server of its own:\n`)
  for (const kind of KINDS) {
    await using sandbox = await startSandbox(0)
    const port = Number(new URL(sandbox.origin).port)
    // The first connections need memory that is not given back and belongs to no single connection.
    await open(port, kind, WARM)
    const before = await memoryOf(sandbox.origin)
    await open(port, kind, COUNT)
    const each = (await memoryOf(sandbox.origin)) - before
    print(`${kind.name.padEnd(30)}${(each / COUNT / 1024).toFixed(1).padStart(7)} KiB each`)
  }
}

async function open(port: number, { path, headers, isAnswered }: (typeof KINDS)[number], n: number): Promise<void> {
  const origin = `http://127.0.0.1:${port}`
  const { cursor } = (await (await fetch(`${origin}/feed/lesson-16/poll`)).json()) as { cursor: string }
  const before = await figureOf(origin, HELD_POLLS)
  const sockets: Socket[] = []
  for (let i = 0; i < n; i++) {
    const socket = connect(port, '127.0.0.1').on('error', () => {})
    socket.write(
      `GET /feed/lesson-16/${path.replace('CURSOR', cursor)} HTTP/1.1\r\n${['Host: localhost', ...headers].join('\r\n')}\r\n\r\n`,
    )
    sockets.push(socket.unref())
  }
  if (isAnswered) await Promise.all(sockets.map((socket) => once(socket, 'data')))
  else while ((await figureOf(origin, HELD_POLLS)) < before + n);
}

/** Reads one figure from `/metrics`. */
async function figureOf(origin: string, name: string): Promise<number> {
  const lines = (await (await fetch(`${origin}/metrics`)).text()).split('\n')
  return Number(lines.find((line) => line.startsWith(`${name} `))?.slice(name.length + 1) ?? 0)
}

/** Asks twice and returns the second figure, because the first request needs memory as well. */
async function memoryOf(origin: string): Promise<number> {
  await figureOf(origin, MEMORY)
  return figureOf(origin, MEMORY)
}
