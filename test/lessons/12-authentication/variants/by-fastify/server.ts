/** Uses a framework for the routes. When a session ends, its tickets and sockets end too. */
import { randomBytes } from 'node:crypto'
import { STATUS_CODES } from 'node:http'
import type { IncomingMessage } from 'node:http'
import Fastify from 'fastify'
import { WebSocketServer } from 'ws'
import type { WebSocket } from 'ws'

interface Session {
  readonly user: string
  readonly tickets: Set<string>
  readonly sockets: Set<WebSocket>
}

const sessions = new Map<string, Session>()
const secret = () => randomBytes(24).toString('base64url')

function begin(user: string): string {
  const id = secret()
  const session: Session = { user, tickets: new Set(), sockets: new Set() }
  sessions.set(id, session)
  setTimeout(() => {
    sessions.delete(id)
    for (const socket of session.sockets) socket.close(1008, 'Your session is over.')
  }, 3_600_000)
  return id
}

const byCookie = ({ headers }: IncomingMessage) =>
  sessions.get(/\bsession=([\w-]+)/.exec(headers.cookie ?? '')?.[1] ?? '')

function byTicket({ url = '' }: IncomingMessage): Session | undefined {
  const ticket = new URLSearchParams(url.split('?')[1]).get('ticket') ?? ''
  for (const session of sessions.values()) if (session.tickets.delete(ticket)) return session
  return undefined
}

const app = Fastify()
app.addContentTypeParser('application/x-www-form-urlencoded', (_request, _body, done) => done(null))

app.post<{ Querystring: { user: string } }>('/login', async ({ query }, reply) => {
  reply.header('set-cookie', `session=${begin(query.user)}; Path=/; HttpOnly; SameSite=Strict`)
  return reply.code(303).header('location', '/').send()
})

app.post('/ticket', async ({ raw }, reply) => {
  const session = byCookie(raw)
  if (!session) return reply.code(401).send({ error: 'Log in first.' })
  const ticket = secret()
  session.tickets.add(ticket)
  setTimeout(() => session.tickets.delete(ticket), 30_000)
  return reply.code(201).send({ ticket })
})

app.get('/', async (_request, reply) =>
  reply.type('text/html').send('<form method=post action=/login?user=Ada><button>'),
)

const chat = new WebSocketServer({ noServer: true })
app.server.on('upgrade', (request, wire, head) => {
  wire.on('error', () => wire.destroy())
  const status = statusFor(request)
  const session = status === 101 ? (byTicket(request) ?? byCookie(request)) : undefined
  if (!session) {
    const code = status === 101 ? 401 : status
    return void wire.end(`HTTP/1.1 ${code} ${STATUS_CODES[code]}\r\nConnection: close\r\n\r\n`)
  }
  chat.handleUpgrade(request, wire, head, (socket) => {
    socket.on('error', () => socket.terminate())
    session.sockets.add(socket)
    socket.on('close', () => session.sockets.delete(socket))
    socket.send(JSON.stringify({ type: 'connected', message: 'WebSocket connected', user: session.user }))
  })
})

function statusFor({ headers }: IncomingMessage): 101 | 403 {
  if (headers.origin === undefined) return 101
  return URL.canParse(headers.origin) && new URL(headers.origin).host === headers.host ? 101 : 403
}

await app.listen({ port: Number(process.env['PORT'] ?? 4112) })
