/** The server sends ping frames; browsers send the pong without their page. A message counts as a response, too. */
import { createServer } from 'node:http'
import type { RawData, WebSocket } from 'ws'
import { WebSocketServer } from 'ws'

/** A tab is gone if nothing has come for three pings. */
const PING_MS = 10_000
const PINGS = 3
const TYPING_MS = 5000

class Person {
  readonly tabs = new Set<WebSocket>()
  readonly userId: string
  readonly name: string
  readonly board: Board
  isTyping = false
  #timer: NodeJS.Timeout | null = null

  constructor(userId: string, name: string, board: Board) {
    this.userId = userId
    this.name = name
    this.board = board
  }

  /** One timer for each person. It starts again with every key, even if it has fired before. */
  type(on: boolean): void {
    if (on) {
      this.#timer ??= setTimeout(() => this.#set(false), TYPING_MS)
      this.#timer.refresh()
    } else this.forget()
    this.#set(on)
  }

  forget(): void {
    if (this.#timer) clearTimeout(this.#timer)
    this.#timer = null
  }

  #set(on: boolean): void {
    if (this.isTyping === on) return
    this.isTyping = on
    this.board.announce(this, { type: 'user_typing', on })
  }
}

class Board {
  readonly id: string
  readonly people: Person[] = []

  constructor(id: string) {
    this.id = id
  }

  join(tab: WebSocket, userId: string, name: string): void {
    let person = this.people.find((one) => one.userId === userId)
    const isNew = person === undefined
    person ??= new Person(userId, name, this)
    if (isNew) this.people.push(person)
    person.tabs.add(tab)
    if (isNew) this.announce(person, { type: 'user_joined' })
    send(tab, { type: 'joined', boardId: this.id, ...this.state })
  }

  leave(tab: WebSocket): void {
    const index = this.people.findIndex(({ tabs }) => tabs.delete(tab))
    const person = this.people[index]
    if (!person || person.tabs.size > 0) return
    person.forget()
    this.people.splice(index, 1)
    this.announce(person, { type: 'user_left' })
    if (this.people.length === 0) boards.delete(this.id)
  }

  announce({ userId, name }: Person, message: object): void {
    for (const person of this.people) {
      if (person.userId === userId) continue
      for (const tab of person.tabs) send(tab, { ...message, boardId: this.id, userId, name })
    }
  }

  get state() {
    return {
      here: this.people.map(({ userId, name, tabs }) => ({ userId, name, tabs: tabs.size })),
      typing: this.people.filter(({ isTyping }) => isTyping).map(({ userId }) => userId),
    }
  }
}

const boards = new Map<string, Board>()

const server = createServer((_request, response) => {
  const states = Array.from(boards.values(), ({ id, state }) => [id, state])
  response.end(JSON.stringify(Object.fromEntries(states)))
})
const sockets = new WebSocketServer({ server })
sockets.on('connection', (tab, { url }) => {
  const query = new URLSearchParams(url?.slice(url.indexOf('?')))
  const userId = query.get('user') ?? crypto.randomUUID()
  let unanswered = 0
  const asking = setInterval(() => {
    if (unanswered === PINGS) return tab.terminate()
    unanswered += 1
    tab.ping()
  }, PING_MS)
  tab.on('pong', () => (unanswered = 0))
  tab.on('message', (data) => {
    unanswered = 0
    answer(tab, userId, query.get('name') ?? 'Guest', data)
  })
  tab.on('error', () => {})
  tab.on('close', () => {
    clearInterval(asking)
    for (const board of boards.values()) board.leave(tab)
  })
  send(tab, { type: 'connected' })
})
server.listen(process.env['PORT'])

function answer(tab: WebSocket, userId: string, name: string, data: RawData): void {
  const said = fieldsOf(String(data))
  if (said.type === 'ping') return send(tab, { type: 'pong' })
  const id = typeof said.boardId === 'string' ? said.boardId : ''
  const board = boards.get(id) ?? new Board(id)
  const person = board.people.find(({ tabs }) => tabs.has(tab))
  switch (said.type) {
    case 'join':
      boards.set(id, board)
      return board.join(tab, userId, name)
    case 'typing':
      return person ? person.type(said.on !== false) : refuse(tab, id)
    case 'leave':
      if (!person) return refuse(tab, id)
      board.leave(tab)
      return send(tab, { type: 'left', boardId: id })
    default:
      return send(tab, { type: 'error', message: `${JSON.stringify(said.type)} is not known here.` })
  }
}

function refuse(tab: WebSocket, id: string): void {
  send(tab, { type: 'error', message: `You are not on ${id}.` })
}

function fieldsOf(text: string): { type?: string; boardId?: string; on?: boolean } {
  try {
    return Object(JSON.parse(text))
  } catch {
    return {}
  }
}

function send(tab: WebSocket, message: object): void {
  tab.send(JSON.stringify(message))
}
