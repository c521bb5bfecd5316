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
  // The address stands in the access log, so its ticket is spent in any case.
  const ofTicket = spend(asked.get('ticket') ?? '')
  const { origin, host } = request.headers
  // Programs that are not browsers send no origin, and they have no cookies of other users.
  if (origin !== undefined && origin !== `http://${host}`) return refuse('403 Forbidden')
  const session = sessionOf(request) ?? ofTicket
  if (!session) return refuse('401 Unauthorized')
  sockets.handleUpgrade(request, wire, head, (socket) => {
    socket.on('error', () => {})
    socket.send(JSON.stringify({ type: 'connected', message: 'WebSocket connected', user: session.user }))
    // An open socket is never checked again, so the server has to end it here.
    const end = setTimeout(() => socket.close(1008, 'The session is over.'), session.untilMs - Date.now())
    socket.on('close', () => clearTimeout(end))
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

/** The session of this request's cookie. */
function sessionOf({ headers }: IncomingMessage): Session | undefined {
  return valid(sessions.get(/(?:^|; )session=(\w+)/.exec(headers.cookie ?? '')?.[1] ?? ''))
}

/** The session of a ticket. The ticket is not valid any more after this call. */
function spend(ticket: string): Session | undefined {
  const session = tickets.get(ticket)
  tickets.delete(ticket)
  return valid(session)
}

/** The server has to check the end of a session: a browser may keep its cookie longer. */
const valid = (session?: Session) => (session && session.untilMs > Date.now() ? session : undefined)
