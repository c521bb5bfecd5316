/** A chat whose server knows who is speaking: whoever logs in gets a cookie, and each socket belongs to somebody. */
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

/** By their secrets, which nobody can guess. A ticket stands for the session that asked for it. */
const sessions = new Map<string, Session>()
const tickets = new Map<string, Session>()
const secret = () => randomBytes(16).toString('hex')

const server = createServer((request, response) => {
  const { route, asked } = read(request)
  if (route === 'POST /login') {
    const id = secret()
    // A real one asks for a password here.
    sessions.set(id, { user: asked.get('user') ?? 'somebody', untilMs: Date.now() + SESSION_MS })
    const cookie = `session=${id}; Path=/; HttpOnly; SameSite=Strict`
    response.writeHead(303, { location: '/', 'set-cookie': cookie }).end()
  } else if (route === 'POST /ticket') {
    const session = sessionOf(request)
    if (!session) return void response.writeHead(401).end()
    const ticket = secret()
    tickets.set(ticket, session)
    setTimeout(() => tickets.delete(ticket), TICKET_MS)
    response.writeHead(201, { 'content-type': 'application/json' }).end(JSON.stringify({ ticket }))
  } else response.writeHead(200, { 'content-type': 'text/html' }).end(PAGE)
})
const PAGE = '<!doctype html><form method="post" action="/login?user=Ada"><button>Log in as Ada</button></form>'

const sockets = new WebSocketServer({ noServer: true })

server.on('upgrade', (request, wire, head) => {
  const { asked } = read(request)
  wire.on('error', () => wire.destroy())
  const refuse = (status: string) => wire.end(`HTTP/1.1 ${status}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`)
  const { origin, host } = request.headers
  // Programs that are no browsers name no origin, and carry nobody's cookies but their own.
  if (origin !== undefined && origin !== `http://${host}`) return refuse('403 Forbidden')
  const session = sessionOf(request) ?? spend(asked.get('ticket') ?? '')
  if (!session) return refuse('401 Unauthorized')
  sockets.handleUpgrade(request, wire, head, (socket) => {
    socket.send(JSON.stringify({ type: 'connected', message: 'WebSocket connected', user: session.user }))
  })
})

server.listen(Number(process.env['PORT'] ?? 4112), '127.0.0.1')

/** What is asked for; and a line in the access log, such as every server and every proxy writes. */
function read({ method, url = '/' }: IncomingMessage) {
  process.stdout.write(`${method} ${url}\n`)
  const { pathname, searchParams } = new URL(url, 'http://here')
  return { route: `${method} ${pathname}`, asked: searchParams }
}

/** Whose cookie is this? */
function sessionOf({ headers }: IncomingMessage): Session | undefined {
  const session = sessions.get(/(?:^|; )session=(\w+)/.exec(headers.cookie ?? '')?.[1] ?? '')
  // That it is over is for the server to say: a browser keeps a cookie for as long as it likes.
  return session && session.untilMs > Date.now() ? session : undefined
}

/** The session behind a ticket, which is worth nothing from then on. */
function spend(ticket: string): Session | undefined {
  const session = tickets.get(ticket)
  tickets.delete(ticket)
  return session
}
