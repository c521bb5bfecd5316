/** The library calls one function before its handshake. The function accepts the client, or gives the status. */
import { randomUUID } from 'node:crypto'
import { createServer } from 'node:http'
import type { IncomingMessage } from 'node:http'
import { WebSocketServer } from 'ws'

interface Session {
  readonly user: string
  readonly endsAtMs: number
}
interface Ticket {
  readonly session: Session
  readonly endsAtMs: number
}

const PORT = Number(process.env['PORT'] ?? 4112)
const OWN_ORIGINS = new Set([`http://localhost:${PORT}`, `http://127.0.0.1:${PORT}`])

const sessions: Record<string, Session> = Object.create(null)
const tickets: Record<string, Ticket> = Object.create(null)
const admitted = new WeakMap<IncomingMessage, Session>()

const lasts = <T extends { endsAtMs: number }>(one: T | undefined): T | undefined =>
  one && Date.now() < one.endsAtMs ? one : undefined

function sessionOf(request: IncomingMessage): Session | undefined {
  const cookies = Object.fromEntries((request.headers.cookie ?? '').split(/;\s*/).map((pair) => pair.split('=')))
  return lasts(sessions[String(cookies['session'])])
}

function partsOf({ url = '/' }: IncomingMessage) {
  const [path, query] = url.split('?')
  return { path, query: new URLSearchParams(query) }
}

function sessionOfTicket(request: IncomingMessage): Session | undefined {
  const name = partsOf(request).query.get('ticket')
  if (name === null) return undefined
  const ticket = lasts(tickets[name])
  delete tickets[name]
  return ticket && lasts(ticket.session)
}

const server = createServer((request, response) => {
  const { path, query } = partsOf(request)
  if (request.method === 'POST' && path === '/login') {
    const name = randomUUID()
    sessions[name] = { user: query.get('user') ?? '', endsAtMs: Date.now() + 3_600_000 }
    response.setHeader('Set-Cookie', `session=${name}; HttpOnly; SameSite=Lax; Path=/`)
    response.statusCode = 204
    return void response.end()
  }
  if (request.method === 'POST' && path === '/ticket') {
    const session = sessionOf(request)
    response.statusCode = session ? 201 : 401
    if (!session) return void response.end('Log in first.')
    const ticket = randomUUID()
    tickets[ticket] = { session, endsAtMs: Date.now() + 30_000 }
    return void response.end(JSON.stringify({ ticket }))
  }
  response.end('A chat.')
})

new WebSocketServer({
  server,
  verifyClient({ req }: { req: IncomingMessage }, admit: (isAdmitted: boolean, status?: number) => void) {
    const { origin } = req.headers
    if (typeof origin === 'string' && !OWN_ORIGINS.has(origin)) return admit(false, 403)
    const session = sessionOf(req) ?? sessionOfTicket(req)
    if (session) admitted.set(req, session)
    admit(session !== undefined, 401)
  },
}).on('connection', (socket, request) => {
  socket.on('error', console.error)
  const session = admitted.get(request)
  if (!session) return socket.close(1011)
  socket.send(JSON.stringify({ type: 'connected', user: session.user }))
  const watching = setInterval(() => {
    if (!lasts(session)) socket.close(4401, 'Log in again.')
  }, 500)
  socket.once('close', () => clearInterval(watching))
})

server.listen(PORT, '127.0.0.1')
