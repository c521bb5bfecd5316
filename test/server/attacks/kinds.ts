/** Kinds of abusive clients, which use as much of the server as they can. Each one runs until its process ends. */
import { connect } from 'node:net'
import { WebSocket } from 'ws'
import { get, post, upgrade } from '../../raw.ts'

/** Port of the server, number of this client, and callback for refusals. */
export interface AttackTarget {
  readonly port: number
  readonly client: number
  refused(): void
}

export type Attack = (target: AttackTarget) => void

/** Existing rooms: the room of the class, and a room whose board has the largest number of tasks. */
export const CLASS_ROOM = 'class'
export const LARGE_BOARD = 'large'

const FULL_POLL = `/feed/${CLASS_ROOM}/poll?after=0`

export const KINDS: Record<string, Attack> = {
  'full polls': (target) => loop(target, () => get(FULL_POLL)),
  'full polls, each another': (target) => loop(target, (i) => get(`${FULL_POLL}&limit=${10 + (i % 490)}`)),
  'polls, each on a new connection': (target) => loop(target, () => get(FULL_POLL, 'Connection: close\r\n')),
  'polls, sixteen at a time': (target) => loop(target, () => get(FULL_POLL).repeat(16)),
  'polls, each as another page': (target) =>
    loop(target, (i) => get(`${FULL_POLL}&lane=p${target.client}-${i}.x&user=u${target.client}-${i}`)),
  'large boards': (target) => loop(target, () => get(`/boards/${LARGE_BOARD}`)),
  'changes of a large board': (target) => loop(target, (i) => change(LARGE_BOARD, i)),
  'new boards': (target) => loop(target, (i) => change(`b${target.client}-${i}`, i)),
  'messages in new rooms': (target) => loop(target, (i) => post(`r${target.client}-${i}`, { user: 'Eve', text: 'x' })),
  'messages to the class': (target) => loop(target, () => post(CLASS_ROOM, { user: 'Eve', text: 'x'.repeat(1000) })),
  health: (target) => loop(target, () => get('/health')),
  'OpenAPI documents': (target) => loop(target, () => get('/openapi.json')),
  'unknown addresses': (target) => loop(target, (i) => get(`/nothing/${i}`)),
  'wrong tokens': (target) => loop(target, (i) => json('POST', '/session', { instructor: `guess ${i}` })),
  'large heads': (target) => loop(target, () => get('/health', `X: ${'x'.repeat(15_000)}\r\n`)),
  'typing, over HTTP': (target) =>
    loop(target, (i) => json('POST', `/feed/${CLASS_ROOM}/typing`, { user: `u${i % 50}` })),
  presence: (target) => loop(target, () => get(`/feed/${CLASS_ROOM}/presence`)),
  'streams opened and left': (target) => reopen(target, get(`/feed/${CLASS_ROOM}/sse?after=0`)),
  'WebSockets opened and left': (target) => reopen(target, upgrade(`/feed/${CLASS_ROOM}/ws?after=0`)),
  'readers that read nothing': ({ port }) => {
    for (let i = 0; i < 10; i++)
      connect(port, '127.0.0.1')
        .on('error', () => {})
        .pause()
        .write(get(`/feed/${CLASS_ROOM}/sse?after=0`))
  },
  'heads that do not end': ({ port }) => {
    for (let i = 0; i < 20; i++)
      connect(port, '127.0.0.1')
        .on('error', () => {})
        .write('GET / HTTP/1.1\r\nX: ')
  },
  'pings as messages': (target) => talk(target, '/', () => '{"type":"ping"}'),
  'pings as frames': (target) => talk(target, '/', () => null),
  joins: (target) => talk(target, '/', (i) => JSON.stringify({ type: 'join', room: `j${target.client}-${i % 200}` })),
  'joins and leaves': (target) =>
    talk(target, '/', (i) => JSON.stringify({ type: i % 2 ? 'leave' : 'join', room: CLASS_ROOM, name: `n${i}` })),
  'typing, over WebSocket': (target) => talk(target, `/feed/${CLASS_ROOM}/ws`, () => '{"type":"typing"}'),
  'messages of 16 KiB that are no JSON': (target) => talk(target, '/', () => 'x'.repeat(16_000)),
  'the plain chat': (target) => talk(target, '/chat', () => '{"username":"Eve","message":"x"}'),
  'clock of the lab': (target) => talk(target, '/lab?room=elsewhere', () => '{"type":"clock","t0":1}'),
  inspections: (target) => {
    const page = `${target.client}`.padStart(8, 'e')
    talk(target, `/lab?room=elsewhere&page=${page}`, (i) =>
      JSON.stringify({ type: 'inspect', exchange: 1 + (i % 500) }),
    )
    talk(target, `/feed/elsewhere/ws?lane=${page}.x`, () => 'a'.repeat(15_000))
  },
  'many sockets of the lab, each in a room of its own': ({ port, client }) => {
    for (let i = 0; i < 25; i++)
      new WebSocket(`ws://127.0.0.1:${port}/lab?room=m${client}-${i}`).on('error', () => {}).on('message', () => {})
  },
}

const json = (method: string, path: string, value: object): string => {
  const body = JSON.stringify(value)
  return `${method} ${path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n${body}`
}

const change = (room: string, i: number): string =>
  json('POST', `/boards/${room}`, {
    user: 'Eve',
    type: 'task_created',
    task: { id: `t${i % 400}`, title: 'x'.repeat(200) },
  })

/** Sends the next request as soon as a part of an answer has arrived, and reconnects after each disconnect. */
function loop(target: AttackTarget, request: (i: number) => string): void {
  let i = 0
  dial()

  function dial(): void {
    const socket = connect(target.port, '127.0.0.1')
    socket.on('error', () => {})
    socket.on('connect', () => socket.write(request(i++)))
    socket.on('data', (data) => {
      if (/^HTTP\/1\.1 (?:4[23]\d|503)/.test(String(data).slice(0, 20))) target.refused()
      socket.write(request(i++))
    })
    socket.on('close', () => setImmediate(dial))
  }
}

/** Disconnects as soon as bytes have arrived, and reconnects at once. */
function reopen({ port }: AttackTarget, request: string): void {
  dial()

  function dial(): void {
    const socket = connect(port, '127.0.0.1')
    socket.on('error', () => {})
    socket.on('data', () => socket.destroy())
    socket.on('close', () => setImmediate(dial))
    socket.write(request)
  }
}

/** Sends as many messages as the kernel takes. `null` stands for a ping frame. */
function talk(target: AttackTarget, path: string, message: (i: number) => string | null): void {
  let i = 0
  dial()

  function dial(): void {
    const socket = new WebSocket(`ws://127.0.0.1:${target.port}${path}`)
    let timer: ReturnType<typeof setInterval> | undefined
    socket.on('error', () => {})
    socket.on('open', () => (timer = setInterval(say, 1)))
    socket.on('message', (data) => {
      if (String(data).startsWith('{"type":"error"')) target.refused()
    })
    socket.on('close', (code) => {
      clearInterval(timer)
      if (code !== 1005) target.refused()
      setImmediate(dial)
    })

    function say(): void {
      for (let n = 0; n < 20 && socket.bufferedAmount < 64 * 1024; n++) {
        const text = message(i++)
        if (text === null) socket.ping()
        else socket.send(text)
      }
    }
  }
}
