/** Has the opposite structure: each connection knows its rooms. A broadcast looks at the rooms of all connections. */
import { createServer } from 'node:http'
import { WebSocket, WebSocketServer } from 'ws'

interface Person {
  readonly id: number
  readonly rooms: Set<string>
  readonly isInChat: boolean
}

const people = new Map<WebSocket, Person>()
let last = 0

const http = createServer((_request, response) => {
  const rooms: Record<string, number> = Object.create(null)
  for (const person of people.values()) for (const room of person.rooms) rooms[room] = (rooms[room] ?? 0) + 1
  const chat = Array.from(people.values()).filter(({ isInChat }) => isInChat).length
  response.end(JSON.stringify({ rooms, chat }))
})

const server = new WebSocketServer({ server: http, maxPayload: 16384 })

server.on('connection', (socket, request) => {
  const me: Person = { id: (last += 1), rooms: new Set(), isInChat: request.url === '/chat' }
  people.set(socket, me)
  socket.on('close', () => people.delete(socket))
  socket.on('error', console.error)
  socket.on('message', (data, binary) => {
    if (me.isInChat) return people.forEach(({ isInChat }, other) => isInChat && other.send(data, { binary }))
    try {
      hear(socket, me, JSON.parse(String(data)))
    } catch (error) {
      answer(socket, { type: 'error', message: String(error) })
    }
  })
  if (!me.isInChat) answer(socket, { type: 'connected', message: 'WebSocket connected' })
})

http.listen(process.env['PORT'])

function hear(socket: WebSocket, me: Person, said: { type: string; boardId: string; text?: string }): void {
  const { type, boardId } = said
  const about = { boardId, userId: `user-${me.id}`, name: `Person ${me.id}` }
  const others = (person: Person) => person !== me && person.rooms.has(boardId)
  switch (type) {
    case 'ping':
      return answer(socket, { type: 'pong' })
    case 'join':
      me.rooms.add(boardId)
      sendTo({ type: 'user_joined', ...about }, others)
      return answer(socket, { type: 'joined', boardId })
    case 'leave':
    case 'typing':
    case 'message':
      if (!me.rooms.has(boardId)) throw new Error(`Join ${boardId} first.`)
      if (type === 'typing') return sendTo({ type: 'user_typing', ...about }, others)
      if (type === 'message')
        return sendTo({ type: 'message', ...about, text: said.text }, ({ rooms }) => rooms.has(boardId))
      me.rooms.delete(boardId)
      return answer(socket, { type: 'left', boardId })
    default:
      throw new Error(`What is ${type}?`)
  }
}

function sendTo(message: object, isMeant: (person: Person) => boolean): void {
  for (const [socket, person] of people) if (isMeant(person)) answer(socket, message)
}

function answer(socket: WebSocket, message: object): void {
  if (socket.readyState === WebSocket.OPEN) socket.send(JSON.stringify(message))
}
