/** Rooms: what is said in one is heard by everybody in it, and by nobody else. */
import { createServer } from 'node:http'
import { WebSocketServer } from 'ws'
import type { WebSocket } from 'ws'

/** Who is in each room. A room that nobody is in is not there. */
const rooms = new Map<string, Set<WebSocket>>()

/** Who is in the plain chat. */
const chat = new Set<WebSocket>()

/** `curl localhost:4111`: how many are in each. */
const http = createServer((_request, response) => {
  const counts = Array.from(rooms, ([room, members]) => [room, members.size])
  response.setHeader('content-type', 'application/json')
  response.end(JSON.stringify({ rooms: Object.fromEntries(counts), chat: chat.size }))
})

let people = 0

new WebSocketServer({ server: http, maxPayload: 16 * 1024 }).on('connection', (socket, { url }) => {
  people += 1
  const me = { userId: `u${people}`, name: `Guest ${people}` }
  socket.on('error', () => {})
  // TODO 4: who has gone is in no room any more, and not in the chat.
  // TODO 5: in the plain chat, what one says goes to everybody in it, as it came.
  if (url === '/chat') return void chat.add(socket)
  send(socket, { type: 'connected', message: 'WebSocket connected' })
  socket.on('message', (data) => hear(socket, me, read(String(data))))
})

http.listen(Number(process.env['PORT'] ?? 4111))

function hear(socket: WebSocket, me: object, { type, boardId, text }: Record<string, unknown>): void {
  if (type === 'ping') return send(socket, { type: 'pong' })
  if (typeof boardId !== 'string') return send(socket, { type: 'error', message: `${String(type)} names no board.` })
  // TODO 2: `join` and `leave` are done, and answered by `joined` and `left`, with the boardId.
  // TODO 3: `typing`, `message` and the word that somebody joined go to those who are in the room, and come from nobody else.
  return send(socket, { type: 'error', message: `${String(type)} is no type that I know.` })
}

// TODO 1: into the set of the room, and out of it. Who makes the set, and who takes it away?
function join(socket: WebSocket, room: string): void {}
function leave(socket: WebSocket, room: string): void {}

/** To each of these but one. */
function broadcast(members: Iterable<WebSocket>, message: object, except?: WebSocket): void {}

/** The fields of what a client said; none where it is no object. */
function read(text: string): Record<string, unknown> {
  try {
    return Object(JSON.parse(text))
  } catch {
    return {}
  }
}

function send(socket: WebSocket, message: object): void {
  socket.send(JSON.stringify(message))
}
