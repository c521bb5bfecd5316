import { once } from 'node:events'
import { createServer } from 'node:http'
import type { Server as HttpServer } from 'node:http'
import type { Socket } from 'node:net'
import { listen } from '../kit/port.ts'
import { print, wait } from '../kit/looking.ts'
import type { Looks } from '../kit/looking.ts'

const ANSWER = 'Every long journey begins with one small step, and so does every short one. Grüße! 🎉'

/** A piece of an answer, as servers with the format of OpenAI send it. */
const eventOf = (content: string): string => {
  const chunk = {
    id: 'chatcmpl-B9MHDbslfkBeAs8l4bebGdFOJ6PeG',
    object: 'chat.completion.chunk',
    created: 1_795_250_475,
    model: 'gpt-4o-mini-2024-07-18',
    service_tier: 'default',
    system_fingerprint: 'fp_44709d6fcb',
    choices: [{ index: 0, delta: { content }, logprobs: null, finish_reason: null }],
  }
  return `data: ${JSON.stringify(chunk)}\n\n`
}

export const looks: Looks = {
  /** The bytes of an answer, and the bytes of its text. */
  async answer() {
    const words = ANSWER.match(/\s*\S+/gu) ?? []
    const body = `${words.map(eventOf).join('')}data: [DONE]\n\n`
    const bytes = Buffer.byteLength(body)
    const textBytes = Buffer.byteLength(ANSWER)
    print(eventOf(words[0] ?? '').trim())
    print(`${words.length} events, ${bytes} bytes, for a text of ${textBytes} bytes`)
    print(`${(bytes / textBytes).toFixed(0)} bytes cross the wire for each byte of the text`)
  },

  /** What a client sees that turns each piece into text by itself. */
  async pieces() {
    await using server = await serving((_request, response) => void cutUp(response))
    const response = await fetch(server.origin)
    let row = 0
    for await (const bytes of response.body ?? []) {
      row += 1
      print(`${row}. ${bytes.length} bytes: ${JSON.stringify(new TextDecoder().decode(bytes))}`)
    }
  },

  /** The bytes of the same conversation over `ws` and over Socket.IO. */
  async 'socket-io'() {
    const [{ WebSocketServer }, { Server }] = await Promise.all([import('ws'), import('socket.io')])
    const text = 'x'.repeat(100)
    print('bytes in both directions, at the server   ws   Socket.IO')

    await using plain = await serving()
    new WebSocketServer({ server: plain.server }).on('connection', (client) =>
      client.on('message', (data) => client.send(String(data))),
    )
    const ws = await counted(plain, '/', () => {}, text)

    await using rich = await serving()
    const io = new Server(rich.server)
    io.on('connection', (client) => client.on('message', (said: string) => client.emit('message', said)))
    // The protocol of Socket.IO by hand: `0` opens, `40` joins the namespace `/`, and `42` is an event.
    const socketIo = await counted(
      rich,
      '/socket.io/?EIO=4&transport=websocket',
      async (socket, next) => {
        await next('0')
        socket.send('40')
        await next('40')
      },
      `42${JSON.stringify(['message', text])}`,
    )
    // `close` would wait for the connections.
    io.engine.close()
    for (const name of ['connect', 'message'] as const)
      print(`${ROWS[name].padEnd(40)}${String(ws[name]).padStart(4)}${String(socketIo[name]).padStart(12)}`)
  },
}

const ROWS = {
  connect: 'to connect',
  message: 'a text of 100 bytes, there and back',
} as const

/** Writes `Grüße` so that pieces end inside characters, with pauses in which the client reads them. */
async function cutUp(response: NodeJS.WritableStream): Promise<void> {
  const bytes = Buffer.from('Grüße! 🎉')
  for (const [from, to] of [
    [0, 3],
    [3, 6],
    [6, 10],
    [10, bytes.length],
  ]) {
    response.write(bytes.subarray(from, to))
    await wait(100)
  }
  response.end()
}

interface Served extends AsyncDisposable {
  readonly server: HttpServer
  readonly origin: string
  /** Resolves with the bytes of all connections so far, when no more come. */
  bytes(): Promise<number>
}

async function serving(handler?: Parameters<typeof createServer>[1]): Promise<Served> {
  const server = createServer(handler)
  const sockets: Socket[] = []
  server.on('connection', (socket: Socket) => sockets.push(socket))
  const port = await listen(server)
  const sum = () => sockets.reduce((bytes, { bytesRead, bytesWritten }) => bytes + bytesRead + bytesWritten, 0)
  return {
    server,
    origin: `http://127.0.0.1:${port}`,
    async bytes() {
      for (let before = -1; before !== sum(); await wait(50)) before = sum()
      return sum()
    },
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy()
      server.close()
    },
  }
}

type Next = (begin: string) => Promise<void>

/** Opens a WebSocket, sends a text that comes back, and counts the bytes of each step. */
async function counted(
  { origin, bytes }: Served,
  path: string,
  joined: (socket: WebSocket, next: Next) => Promise<void> | void,
  text: string,
): Promise<Record<keyof typeof ROWS, number>> {
  const socket = new WebSocket(origin.replace('http', 'ws') + path)
  const received: string[] = []
  socket.addEventListener('message', ({ data }) => received.push(String(data)))
  const next: Next = async (begin) => {
    while (!received.some((message) => message.startsWith(begin))) await wait(5)
  }
  await once(socket, 'open')
  await joined(socket, next)
  const connect = await bytes()
  socket.send(text)
  await next(text)
  const message = (await bytes()) - connect
  socket.close()
  return { connect, message }
}
