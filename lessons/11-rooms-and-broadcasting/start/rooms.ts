/** Rooms: everybody in a room gets the messages of this room, and nobody else does. */
import { createServer } from 'node:http'
import { WebSocketServer } from 'ws'
import type { WebSocket } from 'ws'

/** The connections in each room. An empty room is not kept. */
const rooms = new Map<string, Set<WebSocket>>()

/** The connections in the plain chat. */
const chat = new Set<WebSocket>()

/** `curl localhost:4111`: the number of connections in each room and in the chat. */
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
  // TODO 4: when a client has disconnected, remove it from all rooms and from the chat.
  // TODO 5: in the plain chat, send each message to everybody in the chat, exactly as it came.
  if (url === '/chat') return void chat.add(socket)
  send(socket, { type: 'connected', message: 'WebSocket connected' })
  socket.on('message', (data) => hear(socket, me, read(String(data))))
})

http.listen(Number(process.env['PORT'] ?? 4111))

function hear(socket: WebSocket, me: object, { type, boardId, text }: Record<string, unknown>): void {
  if (type === 'ping') return send(socket, { type: 'pong' })
  if (typeof boardId !== 'string')
    return send(socket, { type: 'error', message: `${JSON.stringify(type)} names no board.` })
  // TODO 2: for `join` and `leave`, call the function and respond with `joined` or `left`, with the boardId.
  // TODO 3: send `user_typing`, `message` and `user_joined` to the room. Refuse a client that is not in the room.
  return send(socket, { type: 'error', message: `I do not know the type ${JSON.stringify(type)}.` })
}

// TODO 1: add to the set of the room, and remove from it. Which function makes the set, and which deletes it?
function join(socket: WebSocket, room: string): void {}
function leave(socket: WebSocket, room: string): void {}

/** Sends the message to each member, but not to `except`. */
function broadcast(members: Iterable<WebSocket>, message: object, except?: WebSocket): void {}

/** The fields of a client's message; none if it is not an object. */
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
