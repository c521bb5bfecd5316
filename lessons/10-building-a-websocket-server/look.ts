import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createServer } from 'node:http'
import { WebSocketServer } from 'ws'
import { ask, converse, openSocket, print, sandbox, yoursIn } from '../kit/looking.ts'
import type { Looks } from '../kit/looking.ts'
import { portOf } from '../kit/port.ts'

const LINES = ['{"type":"ping"}', 'hello', '{"type":"dance"}', '{"type":"ping"}']

/** The server of six lines. */
const FRAGILE = `
  import { WebSocketServer } from 'ws'
  const server = new WebSocketServer({ port: 0 }, () => console.log(server.address().port))
  server.on('connection', (socket) => {
    socket.on('message', (text) => socket.send(JSON.parse(text).type))
  })`

export const looks: Looks = {
  /** The page's conversation, with the sandbox. */
  talk: () => converse(sandbox, LINES),

  /** A hundred clients of the server of six lines. One of them sends hello. */
  async crash() {
    const server = spawn(process.execPath, ['--input-type=module', '--eval', FRAGILE], {
      cwd: import.meta.dirname,
      stdio: ['ignore', 'pipe', 'ignore'],
    })
    const [port] = await once(server.stdout, 'data')
    const url = `http://localhost:${Number(port)}`
    const clients = await Promise.all(Array.from({ length: 100 }, () => openSocket('', url)))
    clients[0]?.send('hello')
    await new Promise((resolve) => setTimeout(resolve, 1000))
    print(clients.filter(({ readyState }) => readyState === WebSocket.OPEN).length, 'of 100 are open')
    server.kill()
    process.exit()
  },

  /** The sandbox's plain chat: its socket and its page. */
  async chat() {
    const heard = Promise.withResolvers<unknown>()
    const socket = await openSocket('client', `${sandbox}/chat`, heard.resolve)
    socket.send(JSON.stringify({ username: 'Ada', message: 'hello' }))
    await heard.promise
    socket.close()
    const { status, headers } = await ask(`${sandbox}/chat`)
    print(status, headers['content-type'])
  },

  /** The same chat twice: on its own port, and on the port of an HTTP server. */
  async guest() {
    const own = chat(new WebSocketServer({ port: 0 }))
    const http = createServer((request, response) => response.end(`the page of ${request.url}`)).listen(0)
    chat(new WebSocketServer({ server: http, path: '/chat' }))
    for (const url of [`http://localhost:${portOf(own)}`, `http://localhost:${portOf(http)}/chat`]) {
      const heard = ['Ada', 'Bob'].map(() => Promise.withResolvers<string>())
      const [ada] = await Promise.all(['Ada', 'Bob'].map((_name, i) => openSocket('', url, heard[i]?.resolve)))
      ada?.send(JSON.stringify({ username: 'Ada', message: 'hello' }))
      const [toAda, toBob] = await Promise.all(heard.map(({ promise }) => promise))
      print(url, 'to Ada:', toAda, 'to Bob:', toBob)
    }
    print('and by HTTP:', (await ask(`http://localhost:${portOf(http)}/chat`)).text)
    process.exit()
  },

  /** The page's conversation, with the student's own server. */
  yours: () => converse(yoursIn(10), LINES),
}

function chat(server: WebSocketServer): WebSocketServer {
  return server.on('connection', (socket) => {
    socket.on('error', () => {})
    socket.on('message', (text) => {
      for (const client of server.clients) client.send(String(text))
    })
  })
}
