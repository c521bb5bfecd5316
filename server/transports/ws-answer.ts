/** What a client of the feed's WebSocket says, and what becomes of it. An error is an answer like any other: the connection stays. */
import { ofFeed } from '../error-handler.ts'
import { FeedError, errorMessage, quote } from '../errors.ts'
import type { Feed } from '../feed/feed.ts'
import type { Cursor, FeedMessage, Person } from '../protocol.ts'
import { personOf } from './transport.ts'
import type { Named } from './transport.ts'
import { parseRequest } from './ws-request.ts'
import type { Request } from './ws-request.ts'

export interface Client {
  readonly id: string
  /** Who it named itself as when it connected; undefined where it did not. */
  readonly person: Person | undefined
  /** In the rooms that it is in now. */
  readonly seats: ReadonlyMap<string, Seat>
  /** It has not taken what was sent to it. */
  readonly isBehind: boolean
  /** Counts something that goes to others. Throws `too-many-messages`. */
  count(): void
  /** Throws `wrong-user` where it has signed in under another name. */
  speakAs(named: Named): void
  /** Nothing is sent once the connection closes. */
  send(message: FeedMessage): void
  /**
   * From this cursor on, the room's events go to the client. With a person that one is here, and the
   * client is told who else is. Throws where it is in too many, or there are too many.
   */
  enter(room: string, after: Cursor, person?: Person): Seat
  /** For good: its person is not waited for. */
  leave(room: string): void
  typing(room: string, on: boolean): void
  close(code: number, reason: string): void
}

/** A client in a room. */
export interface Seat {
  /** Its person's, or one of the connection's own. */
  readonly userId: string
  name: string
  /** The others were told that it came, and so are told that it goes. Who only reads comes and goes unnoticed. */
  isAnnounced: boolean
}

export async function answer(text: string, client: Client, clients: Iterable<Client>, feed: Feed): Promise<void> {
  try {
    await obey(parseRequest(text), client, clients, feed)
  } catch (error) {
    client.send(errorMessage(ofFeed(error) ?? new FeedError('log-unavailable', 'The event log did not take this.')))
  }
}

/** It has closed: others hear of it where they have heard that it came. */
export function sayLeft(client: Client, clients: Iterable<Client>): void {
  for (const [room, seat] of client.seats) left(room, seat, client, clients)
}

async function obey(request: Request, client: Client, clients: Iterable<Client>, feed: Feed): Promise<void> {
  if (request.type === 'ping') return client.send({ type: 'pong' })
  const room = request.room ?? onlyRoom(client, request.type)
  client.speakAs({
    user: 'user' in request ? request.user : undefined,
    name: 'name' in request ? request.name : undefined,
  })

  if (request.type === 'join') {
    client.count()
    const { cursor } = await feed.since(room, undefined, 0)
    const seat = client.enter(room, cursor, personOf(request) ?? client.person)
    seat.name = request.name ?? seat.name
    seat.isAnnounced = true
    client.send({ type: 'joined', room, cursor })
    return whisper({ type: 'user_joined', room, userId: seat.userId, name: seat.name }, client, clients)
  }

  const seat = client.seats.get(room)
  if (!seat) {
    throw new FeedError('not-joined', `${request.type} names the room ${quote(room)}, which this connection is not in.`)
  }
  if (request.type === 'leave') {
    client.leave(room)
    client.send({ type: 'left', room })
    return left(room, seat, client, clients)
  }

  client.count()
  if (request.type === 'typing') {
    client.typing(room, request.on)
    if (!request.on) return
    const { userId, name } = seat
    return whisper({ type: 'user_typing', room, userId, name: request.name ?? name }, client, clients)
  }

  const { user, text, key } = request
  const { event } = await feed.publish(room, { type: 'message', user, text }, key)
  if (key !== undefined) client.send({ type: 'accepted', key, id: event.id })
}

function left(room: string, { userId, name, isAnnounced }: Seat, client: Client, clients: Iterable<Client>): void {
  if (isAnnounced) whisper({ type: 'user_left', room, userId, name }, client, clients)
}

/** To everybody else in the room; kept nowhere, and least of all for those who are behind. */
function whisper(message: Extract<FeedMessage, { userId: string }>, from: Client, clients: Iterable<Client>): void {
  for (const client of clients) {
    if (client !== from && !client.isBehind && client.seats.has(message.room)) client.send(message)
  }
}

/** Where a client is in one room only, it need not name it. */
function onlyRoom({ seats }: Client, type: string): string {
  const [room, another] = seats.keys()
  if (room !== undefined && another === undefined && type !== 'join') return room
  throw new FeedError('bad-message', `${type} names no room.`, `Name one: {"type":"${type}","room":"lobby"}.`)
}
