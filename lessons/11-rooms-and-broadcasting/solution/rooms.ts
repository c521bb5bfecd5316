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
  socket.on('close', () => {
    chat.delete(socket)
    for (const room of rooms.keys()) leave(socket, room)
  })
  if (url === '/chat') {
    chat.add(socket)
    // Text stays text, and binary data stays binary.
    socket.on('message', (data, binary) => chat.forEach((member) => member.send(data, { binary })))
    return
  }
  send(socket, { type: 'connected', message: 'WebSocket connected' })
  socket.on('message', (data) => hear(socket, me, read(String(data))))
})

http.listen(Number(process.env['PORT'] ?? 4111))

function hear(socket: WebSocket, me: object, { type, boardId, text }: Record<string, unknown>): void {
  if (type === 'ping') return send(socket, { type: 'pong' })
  if (typeof boardId !== 'string')
    return send(socket, { type: 'error', message: `${JSON.stringify(type)} names no board.` })
  if (type === 'join') {
    const members = join(socket, boardId)
    send(socket, { type: 'joined', boardId })
    return broadcast(members, { type: 'user_joined', boardId, ...me }, socket)
  }
  const members = rooms.get(boardId)
  // A room that does not exist gives the same error, so a client cannot find out which rooms exist.
  if (!members?.has(socket)) return send(socket, { type: 'error', message: `You are not in ${boardId}.` })
  if (type === 'typing') return broadcast(members, { type: 'user_typing', boardId, ...me }, socket)
  if (type === 'message') return broadcast(members, { type: 'message', boardId, ...me, text })
  if (type !== 'leave')
    return send(socket, { type: 'error', message: `I do not know the type ${JSON.stringify(type)}.` })
  leave(socket, boardId)
  send(socket, { type: 'left', boardId })
}

function join(socket: WebSocket, room: string): Set<WebSocket> {
  const members = rooms.get(room) ?? new Set()
  rooms.set(room, members.add(socket))
  return members
}

function leave(socket: WebSocket, room: string): void {
  const members = rooms.get(room)
  if (members?.delete(socket) && members.size === 0) rooms.delete(room)
}

/** Sends the message to each member, but not to `except`. */
function broadcast(members: Iterable<WebSocket>, message: object, except?: WebSocket): void {
  const text = JSON.stringify(message)
  for (const member of members) if (member !== except) member.send(text)
}

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
