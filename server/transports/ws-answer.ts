/** Handles the messages of the feed's WebSocket clients. After an error the connection stays open. */
import { ofFeed } from '../http/error-handler.ts'
import { FeedError, errorMessage, quote } from '../http/errors.ts'
import type { Feed } from '../feed/feed.ts'
import { PRICES } from '../access/prices.ts'
import type { Cursor, FeedMessage, Person } from '../protocol/feed.ts'
import { personOf } from '../http/parameters.ts'
import type { Named } from '../http/parameters.ts'
import { parseRequest } from './ws-request.ts'
import type { Request } from './ws-request.ts'

export interface Client {
  readonly id: string
  /** Person that the client named when it connected; undefined if the client named no person. */
  readonly person: Person | undefined
  /** Rooms that the client has joined, with the client's seat in each room. */
  readonly seats: ReadonlyMap<string, RoomSeat>
  /** True if the client has not taken all bytes that were sent to it. */
  readonly isBehind: boolean
  /** Counts a message that the server sends on to other clients. Throws `too-many-messages`. */
  count(): void
  /**
   * Charges the client for a request. Returns a promise if the request has to wait. The promise rejects with
   * `too-many-requests`.
   */
  pay(cost: number): Promise<void> | undefined
  /** Counts an empty room that the client publishes into. Throws `too-many-rooms`. */
  beginRoom(): void
  /** Checks the user of a message, as in `Access` (server/access/access.ts). */
  checkUser(named: Named): void
  checkSpeaker(named: Named): void
  /** Sends a message, unless the connection is closing. */
  send(message: FeedMessage): void
  /** Sends a message that is already JSON. */
  sendText(json: string): void
  /**
   * Makes the client join a room, and sends the events of the room after the cursor to the client. If `person` is
   * given, the person is present in the room, and the client gets the presence of the room. Throws if the client is in
   * too many rooms, or if there are too many rooms.
   */
  enter(room: string, after: Cursor, person?: Person): RoomSeat
  /** Makes the client leave a room. Removes the client's person from the presence at once. */
  leave(room: string): void
  typing(room: string, on: boolean): void
  close(code: number, reason: string): void
}

/** Seat of a client in a room. */
export interface RoomSeat {
  /** Id of the person. If the client named no person, the id of the connection. */
  readonly userId: string
  name: string
  /**
   * True if the other clients have got `user_joined` for this client. When an announced client leaves, the other
   * clients get `user_left`. A client that only reads is not announced.
   */
  isAnnounced: boolean
}

export async function answer(text: string, client: Client, clients: Iterable<Client>, feed: Feed): Promise<void> {
  try {
    await obey(parseRequest(text), client, clients, feed)
  } catch (error) {
    client.send(
      errorMessage(ofFeed(error) ?? new FeedError('log-unavailable', 'The event log could not store the message.')),
    )
  }
}

/** Sends `user_left` for a closed client, in all rooms in which this client was announced. */
export function sayLeft(client: Client, clients: Iterable<Client>): void {
  for (const [room, seat] of client.seats) left(room, seat, client, clients)
}

async function obey(request: Request, client: Client, clients: Iterable<Client>, feed: Feed): Promise<void> {
  if (request.type === 'ping') return client.send({ type: 'pong' })
  await client.pay(PRICES[request.type])
  const room = request.room ?? onlyRoom(client, request.type)
  const named = {
    user: 'user' in request ? request.user : undefined,
    name: 'name' in request ? request.name : undefined,
  }
  if (request.type === 'message' || request.type === 'typing') client.checkSpeaker(named)
  else client.checkUser(named)

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
    throw new FeedError(
      'not-joined',
      `This connection has not joined the room ${quote(room)}, which the message of type ${request.type} names.`,
    )
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
  if (!feed.isBegun(room)) client.beginRoom()
  const { event } = await feed.publish(room, { type: 'message', user, text }, key)
  if (key !== undefined) client.send({ type: 'accepted', key, id: event.id })
}

function left(room: string, { userId, name, isAnnounced }: RoomSeat, client: Client, clients: Iterable<Client>): void {
  if (isAnnounced) whisper({ type: 'user_left', room, userId, name }, client, clients)
}

/**
 * Sends a message to all other clients in the room. The message is not stored. A client that has not taken all earlier
 * bytes does not get the message.
 */
function whisper(message: Extract<FeedMessage, { userId: string }>, from: Client, clients: Iterable<Client>): void {
  const text = JSON.stringify(message)
  for (const client of clients) {
    if (client !== from && !client.isBehind && client.seats.has(message.room)) client.sendText(text)
  }
}

/** Returns the client's only room, for a message that names no room. */
function onlyRoom({ seats }: Client, type: string): string {
  const [room, another] = seats.keys()
  if (room !== undefined && another === undefined && type !== 'join') return room
  throw new FeedError(
    'bad-message',
    `The message of type ${type} names no room.`,
    `Name a room: {"type":"${type}","room":"lobby"}.`,
  )
}
