/** Uses one WebSocket server for each path. A function makes the rooms, which are objects with methods. */
import { createServer } from 'node:http'
import type { WebSocket } from 'ws'
import { WebSocketServer } from 'ws'

interface Room {
  add(member: WebSocket): void
  remove(member: WebSocket): void
  has(member: WebSocket): boolean
  send(message: object, but?: WebSocket): void
  readonly size: number
}

function createRoom(): Room {
  const members = new Set<WebSocket>()
  return {
    add: (member) => void members.add(member),
    remove: (member) => void members.delete(member),
    has: (member) => members.has(member),
    get size() {
      return members.size
    },
    send(message, but) {
      const text = JSON.stringify(message)
      for (const member of members) if (member !== but) member.send(text)
    },
  }
}

const rooms = new Map<string, Room>()
const options = { noServer: true, maxPayload: 16 * 1024 }
const chat = new WebSocketServer(options).on('connection', (socket) => {
  socket.on('error', () => {})
  socket.on('message', (data, binary) => {
    for (const client of chat.clients) client.send(data, { binary })
  })
})
const talk = new WebSocketServer(options).on('connection', (socket) => {
  const userId = crypto.randomUUID()
  const mine = new Set<string>()
  const forget = (name: string) => {
    const room = rooms.get(name)
    room?.remove(socket)
    mine.delete(name)
    if (room?.size === 0) rooms.delete(name)
  }
  const handlers = new Map<unknown, (room: Room, boardId: string, text: unknown) => void>([
    ['leave', (_room, boardId) => (forget(boardId), say({ type: 'left', boardId }))],
    ['typing', (room, boardId) => room.send({ type: 'user_typing', boardId, userId, name: userId }, socket)],
    ['message', (room, boardId, text) => room.send({ type: 'message', boardId, userId, name: userId, text })],
  ])
  say({ type: 'connected', message: 'WebSocket connected' })
  socket.on('error', () => socket.terminate())
  socket.once('close', () => mine.forEach(forget))
  socket.on('message', (data) => {
    let said: Record<string, unknown> = {}
    try {
      said = Object(JSON.parse(String(data)))
    } catch {}
    const { type, boardId, text } = said
    if (type === 'ping') return say({ type: 'pong' })
    if (typeof boardId !== 'string') return say({ type: 'error', message: 'Which board?' })
    if (type === 'join') {
      const room = rooms.get(boardId) ?? createRoom()
      rooms.set(boardId, room)
      room.send({ type: 'user_joined', boardId, userId, name: userId }, socket)
      room.add(socket)
      mine.add(boardId)
      return say({ type: 'joined', boardId })
    }
    const room = rooms.get(boardId)
    const handler = handlers.get(type)
    if (!room?.has(socket)) return say({ type: 'error', message: `${boardId} is not yours.` })
    return handler
      ? handler(room, boardId, text)
      : say({ type: 'error', message: `No such type: ${JSON.stringify(type)}` })
  })

  function say(message: object): void {
    socket.send(JSON.stringify(message))
  }
})

createServer((_request, response) => {
  const sizes = Object.fromEntries(Array.from(rooms, ([name, { size }]) => [name, size]))
  response.writeHead(200, { 'content-type': 'application/json' })
  response.end(JSON.stringify({ rooms: sizes, chat: chat.clients.size }))
})
  .on('upgrade', (request, socket, head) => {
    const server = request.url === '/chat' ? chat : talk
    server.handleUpgrade(request, socket, head, (client) => server.emit('connection', client, request))
  })
  .listen(Number(process.env['PORT']))
