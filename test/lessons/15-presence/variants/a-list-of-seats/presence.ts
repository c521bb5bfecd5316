/** Keeps one list of tabs and their boards, and counts from it. A timer removes silent tabs, and ends typing. */
import { createServer } from 'node:http'
import { WebSocketServer } from 'ws'
import type { WebSocket } from 'ws'

interface Place {
  readonly boardId: string
  readonly userId: string
  readonly name: string
}
interface Seat extends Place {
  readonly tab: WebSocket
}

let seats: readonly Seat[] = []
const typing = new Map<string, Place & { readonly untilMs: number }>()
const silentSinceMs = new Map<WebSocket, number>()

const keyOf = ({ boardId, userId }: Place) => JSON.stringify([boardId, userId])
const isHere = (place: Place) => seats.some((seat) => keyOf(seat) === keyOf(place))

const server = createServer((_request, response) => {
  const state = new Map(seats.map(({ boardId }) => [boardId, stateOf(boardId)]))
  response.setHeader('content-type', 'application/json')
  response.end(JSON.stringify(Object.fromEntries(state)))
})

new WebSocketServer({ server, maxPayload: 10_000 }).on('connection', (tab, request) => {
  const { searchParams } = new URL(request.url ?? '/', 'ws://localhost')
  const userId = searchParams.get('user') ?? `somebody-${Math.random()}`
  const name = searchParams.get('name') ?? userId
  silentSinceMs.set(tab, performance.now())
  tab.send('{"type":"connected","message":"WebSocket connected"}')
  tab.on('error', console.error)
  tab.on('close', () => {
    silentSinceMs.delete(tab)
    for (const seat of seats.filter((one) => one.tab === tab)) rise(seat)
  })
  tab.on('message', (data) => {
    silentSinceMs.set(tab, performance.now())
    try {
      const { type, boardId, on = true } = JSON.parse(String(data))
      if (type === 'ping') return tab.send('{"type":"pong"}')
      const seat = seats.find((one) => one.tab === tab && one.boardId === boardId)
      if (type === 'join') return sit(seat ?? { tab, boardId: String(boardId), userId, name })
      if (!seat) throw new Error(`Join ${boardId} first.`)
      if (type === 'typing') return types(seat, on)
      if (type !== 'leave') throw new Error(`What is ${type}?`)
      rise(seat)
      tab.send(JSON.stringify({ type: 'left', boardId }))
    } catch (error) {
      tab.send(JSON.stringify({ type: 'error', message: String(error) }))
    }
  })
})

setInterval(() => {
  for (const [tab, sinceMs] of silentSinceMs) if (performance.now() - sinceMs >= 30_000) tab.terminate()
  for (const place of typing.values()) if (place.untilMs <= performance.now()) types(place, false)
}, 1000)

server.listen(Number(process.env['PORT']))

function sit(seat: Seat): void {
  const wasHere = isHere(seat)
  if (!seats.includes(seat)) seats = [...seats, seat]
  seat.tab.send(JSON.stringify({ type: 'joined', boardId: seat.boardId, ...stateOf(seat.boardId) }))
  if (!wasHere) announce(seat, { type: 'user_joined' })
}

function rise(seat: Seat): void {
  seats = seats.filter((one) => one !== seat)
  if (isHere(seat)) return
  types(seat, false)
  announce(seat, { type: 'user_left' })
}

function types(place: Place, on: boolean): void {
  const key = keyOf(place)
  const isNews = typing.has(key) !== on
  typing.delete(key)
  if (on) typing.set(key, { ...place, untilMs: performance.now() + 5000 })
  if (isNews) announce(place, { type: 'user_typing', on })
}

function announce({ boardId, userId, name }: Place, message: object): void {
  const text = JSON.stringify({ boardId, userId, name, ...message })
  for (const seat of seats) if (seat.boardId === boardId && seat.userId !== userId) seat.tab.send(text)
}

function stateOf(boardId: string) {
  const here = new Map<string, { userId: string; name: string; tabs: number }>()
  for (const { userId, name } of seats.filter((seat) => seat.boardId === boardId))
    here.set(userId, { userId, name, tabs: (here.get(userId)?.tabs ?? 0) + 1 })
  const typers = Array.from(typing.values()).filter((place) => place.boardId === boardId)
  return { here: Array.from(here.values()), typing: typers.map(({ userId }) => userId) }
}
