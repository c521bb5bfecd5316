/** Presence: who is on a board, be it by one tab or by five, and who is typing there. */
import { createServer } from 'node:http'
import { WebSocketServer } from 'ws'
import type { WebSocket } from 'ws'

/** Somebody on a board; typing for as long as there is a timer that will end it. */
type Person = { userId: string; name: string; readonly tabs: Set<WebSocket>; typing?: NodeJS.Timeout | undefined }
const GONE_MS = 30_000 // A page says something every 10 s. A tab that has said nothing for so long is gone.
const TYPING_MS = 5000 // Who has said that it types, and not again for so long, does so no more.
/** Who is on each board, by userId. A board that nobody is on is not there. */
const boards = new Map<string, Map<string, Person>>()

/** `curl localhost:4115`: all that you know. */
const http = createServer((_request, response) => {
  response.end(JSON.stringify(Object.fromEntries(Array.from(boards.keys(), (boardId) => [boardId, stateOf(boardId)]))))
}).listen(Number(process.env['PORT'] ?? 4115))
new WebSocketServer({ server: http, maxPayload: 16 * 1024 }).on('connection', (tab, { url = '' }) => {
  const query = Object.fromEntries(new URLSearchParams(url.split('?')[1]))
  const me = { userId: query['user'] ?? crypto.randomUUID(), name: query['name'] ?? 'Guest' }
  tab.on('error', () => {})
  tab.on('close', () => boards.forEach((_people, boardId) => leave(tab, me.userId, boardId)))
  tab.on('message', (data) => hear(tab, me, read(String(data))))
  let isThere = true
  const asking = setInterval(() => {
    if (!isThere) return tab.terminate()
    isThere = false
    tab.ping()
  }, GONE_MS / 2)
  tab.on('pong', () => (isThere = true))
  tab.on('close', () => clearInterval(asking))
  send(tab, { type: 'connected', message: 'WebSocket connected' })
})

function hear(tab: WebSocket, me: Omit<Person, 'tabs'>, { type, boardId, on }: Record<string, unknown>): void {
  if (type === 'ping') return send(tab, { type: 'pong' })
  if (typeof boardId !== 'string') return send(tab, { type: 'error', message: `${String(type)} names no board.` })
  if (type === 'join') return join(tab, me, boardId)
  const person = boards.get(boardId)?.get(me.userId)
  if (!person?.tabs.has(tab)) return send(tab, { type: 'error', message: `You are not on ${boardId}.` })
  if (type === 'typing') return typing(person, boardId, on !== false)
  if (type !== 'leave') return send(tab, { type: 'error', message: `${String(type)} is no type that I know.` })
  leave(tab, me.userId, boardId)
  send(tab, { type: 'left', boardId })
}

function join(tab: WebSocket, me: Omit<Person, 'tabs'>, boardId: string): void {
  const people = boards.get(boardId) ?? new Map<string, Person>()
  const known = people.get(me.userId)
  const person: Person = known ?? { ...me, tabs: new Set() }
  person.tabs.add(tab)
  boards.set(boardId, people.set(me.userId, person))
  send(tab, { type: 'joined', boardId, ...stateOf(boardId) })
  if (!known) tell(boardId, person, { type: 'user_joined' })
}

/** To all tabs of everybody on the board but this person. */
function tell(boardId: string, { userId, name }: Person, message: object): void {
  for (const other of boards.get(boardId)?.values() ?? [])
    if (other.userId !== userId) for (const tab of other.tabs) send(tab, { ...message, boardId, userId, name })
}

/** The last tab takes the person along, and what that one was about to do. */
function leave(tab: WebSocket, userId: string, boardId: string): void {
  const people = boards.get(boardId)
  const person = people?.get(userId)
  if (!people || !person?.tabs.delete(tab) || person.tabs.size > 0) return
  clearTimeout(person.typing)
  if (people.delete(userId) && people.size === 0) boards.delete(boardId)
  tell(boardId, person, { type: 'user_left' })
}

/** Each saying begins the time anew; the others hear of changes only. */
function typing(person: Person, boardId: string, on: boolean): void {
  const was = person.typing !== undefined
  clearTimeout(person.typing)
  person.typing = on ? setTimeout(() => typing(person, boardId, false), TYPING_MS) : undefined
  if (was !== on) tell(boardId, person, { type: 'user_typing', on })
}

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
