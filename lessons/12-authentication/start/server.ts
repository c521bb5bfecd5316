/** A chat whose server knows its users: a user who logs in gets a cookie, and each socket belongs to a user. */
import { randomBytes } from 'node:crypto'
import { createServer } from 'node:http'
import type { IncomingMessage } from 'node:http'
import { WebSocketServer } from 'ws'

const SESSION_MS = 60 * 60 * 1000
const TICKET_MS = 30_000

interface Session {
  readonly user: string
  readonly untilMs: number
}

/** The sessions by their secrets, which nobody can guess. A ticket stands for the session that requested it. */
const sessions = new Map<string, Session>()
const tickets = new Map<string, Session>()
const secret = () => randomBytes(16).toString('hex')

const server = createServer((request, response) => {
  const { route, asked } = read(request)
  if (route === 'POST /login') {
    const id = secret()
    // A real server asks for a password here.
    sessions.set(id, { user: asked.get('user') ?? 'somebody', untilMs: Date.now() + SESSION_MS })
    const cookie = `session=${id}; Path=/; HttpOnly; SameSite=Strict`
    response.writeHead(303, { location: '/', 'set-cookie': cookie }).end()
  } else if (route === 'POST /ticket') {
    response.writeHead(501).end() // TODO 3: with a session 201 and {"ticket":…}, else 401. Valid once, for TICKET_MS.
  } else response.writeHead(200, { 'content-type': 'text/html' }).end(PAGE)
})
const PAGE = '<!doctype html><form method="post" action="/login?user=Ada"><button>Log in as Ada</button></form>'

const sockets = new WebSocketServer({ noServer: true })

server.on('upgrade', (request, wire, head) => {
  const { asked } = read(request)
  wire.on('error', () => wire.destroy())
  const refuse = (status: string) => wire.end(`HTTP/1.1 ${status}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`)
  // TODO 1: refuse a client without a session, before the 101. TODO 2: which page has asked? TODO 3: is there a ticket?
  const session = sessionOf(request)
  sockets.handleUpgrade(request, wire, head, (socket) => {
    socket.on('error', () => {})
    socket.send(JSON.stringify({ type: 'connected', message: 'WebSocket connected', user: session?.user }))
    // TODO 4: the session will end. What must happen to this socket then?
  })
})

server.listen(Number(process.env['PORT'] ?? 4112), '127.0.0.1')

/** The route and the query of a request. Also writes a line to the access log, as every server and proxy does. */
function read({ method, url = '/' }: IncomingMessage) {
  process.stdout.write(`${method} ${url}\n`)
  // `new URL` throws for an address such as `//`.
  const [path, query] = url.split('?')
  return { route: `${method} ${path}`, asked: new URLSearchParams(query) }
}

/** The session of this request's cookie. TODO 4: has the session ended? */
function sessionOf({ headers }: IncomingMessage): Session | undefined {
  return sessions.get(/(?:^|; )session=(\w+)/.exec(headers.cookie ?? '')?.[1] ?? '')
}
