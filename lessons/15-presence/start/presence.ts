/** Presence: which people are on a board, with one tab or with five, and which of them are typing. */
import { createServer } from 'node:http'
import { WebSocketServer } from 'ws'
import type { WebSocket } from 'ws'

/** A person on a board. The person is typing as long as there is a timer that will end it. */
type Person = { userId: string; name: string; readonly tabs: Set<WebSocket>; typing?: NodeJS.Timeout | undefined }
const GONE_MS = 30_000 // A page sends a message every 10 s. A tab without a message for this time is gone.
const TYPING_MS = 5000 // Without a new `typing` for this time, a person is not typing any more.
/** The people on each board, by userId. An empty board is not kept. */
const boards = new Map<string, Map<string, Person>>()

/** `curl localhost:4115`: everything that the server knows. */
const http = createServer((_request, response) => {
  response.end(JSON.stringify(Object.fromEntries(Array.from(boards.keys(), (boardId) => [boardId, stateOf(boardId)]))))
}).listen(Number(process.env['PORT'] ?? 4115))
new WebSocketServer({ server: http, maxPayload: 16 * 1024 }).on('connection', (tab, { url = '' }) => {
  const query = Object.fromEntries(new URLSearchParams(url.split('?')[1]))
  const me = { userId: query['user'] ?? crypto.randomUUID(), name: query['name'] ?? 'Guest' }
  tab.on('error', () => {})
  tab.on('close', () => boards.forEach((_people, boardId) => leave(tab, me.userId, boardId)))
  tab.on('message', (data) => hear(tab, me, read(String(data))))
  // TODO 3: if nothing comes from a tab for GONE_MS, end its connection.
  send(tab, { type: 'connected', message: 'WebSocket connected' })
})

function hear(tab: WebSocket, me: Omit<Person, 'tabs'>, { type, boardId, on }: Record<string, unknown>): void {
  if (type === 'ping') return send(tab, { type: 'pong' })
  if (typeof boardId !== 'string')
    return send(tab, { type: 'error', message: `${JSON.stringify(type)} names no board.` })
  if (type === 'join') return join(tab, me, boardId)
  const person = boards.get(boardId)?.get(me.userId)
  if (!person?.tabs.has(tab)) return send(tab, { type: 'error', message: `You are not on ${boardId}.` })
  if (type === 'typing') return typing(person, boardId, on !== false)
  if (type !== 'leave') return send(tab, { type: 'error', message: `I do not know the type ${JSON.stringify(type)}.` })
  leave(tab, me.userId, boardId)
  send(tab, { type: 'left', boardId })
}

// TODO 1: send `joined`, with the result of `stateOf`, to the tab, and `user_joined` to the others. Always both?
function join(tab: WebSocket, me: Omit<Person, 'tabs'>, boardId: string): void {}
// TODO 1: send to all tabs of the other people on the board, with `boardId`, `userId` and `name` of this person.
function announce(boardId: string, person: Person, message: object): void {}
// TODO 2: remove this tab from its person. When do the others get `user_left`, and what else has to end then?
function leave(tab: WebSocket, userId: string, boardId: string): void {}
// TODO 4: send `user_typing` with `on` if that changes. It ends TYPING_MS after the person's last `typing`.
function typing(person: Person, boardId: string, on: boolean): void {}

function stateOf(boardId: string) {
  const people = Array.from(boards.get(boardId)?.values() ?? [])
  const here = people.map(({ userId, name, tabs }) => ({ userId, name, tabs: tabs.size }))
  return { here, typing: people.filter(({ typing }) => typing).map(({ userId }) => userId) }
}
function read(text: string): Record<string, unknown> {
  try {
    return Object(JSON.parse(text))
  } catch {
    return {}
  }
}
const send = (tab: WebSocket, message: object): void => tab.send(JSON.stringify(message))
