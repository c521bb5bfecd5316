/** What a client of the feed's WebSocket says, and what becomes of it. An error is an answer like any other: the connection stays. */
import { ofFeed } from '../error-handler.ts'
import { FeedError, errorMessage, quote } from '../errors.ts'
import type { Feed } from '../feed/feed.ts'
import type { Cursor, FeedMessage } from '../protocol.ts'
import { parseRequest } from './ws-request.ts'
import type { Request } from './ws-request.ts'

export interface Client {
  readonly id: string
  /** Those it is in now. */
  readonly rooms: readonly string[]
  /** It has not taken what was sent to it. */
  readonly isBehind: boolean
  /** Counts something that goes to others. Throws `too-many-messages`. */
  count(): void
  /** Throws `wrong-user` where it has signed in under another name. */
  speakAs(user: string): void
  /** Nothing is sent once the connection closes. */
  send(message: FeedMessage): void
  /** From this cursor on, the room's events go to the client. Throws where it is in too many, or there are too many. */
  enter(room: string, after: Cursor): void
  leave(room: string): void
  close(code: number, reason: string): void
}

export async function answer(text: string, client: Client, clients: Iterable<Client>, feed: Feed): Promise<void> {
  try {
    await obey(parseRequest(text), client, clients, feed)
  } catch (error) {
    client.send(errorMessage(ofFeed(error) ?? new FeedError('log-unavailable', 'The event log did not take this.')))
  }
}

async function obey(request: Request, client: Client, clients: Iterable<Client>, feed: Feed): Promise<void> {
  if (request.type === 'ping') return client.send({ type: 'pong' })
  const room = request.room ?? onlyRoom(client, request.type)
  const given = 'user' in request ? request.user : 'name' in request ? request.name : undefined
  if (given !== undefined) client.speakAs(given)
  const name = given ?? client.id

  if (request.type === 'join') {
    client.count()
    const { cursor } = await feed.since(room, undefined, 0)
    client.enter(room, cursor)
    client.send({ type: 'joined', room, cursor })
    return whisper({ type: 'user_joined', room, userId: client.id, name }, client, clients)
  }

  if (!client.rooms.includes(room)) {
    throw new FeedError('not-joined', `${request.type} names the room ${quote(room)}, which this connection is not in.`)
  }
  if (request.type === 'leave') {
    client.leave(room)
    return client.send({ type: 'left', room })
  }

  client.count()
  if (request.type === 'typing') return whisper({ type: 'user_typing', room, userId: client.id, name }, client, clients)

  const { user, text, key } = request
  const { event } = await feed.publish(room, { type: 'message', user, text }, key)
  if (key !== undefined) client.send({ type: 'accepted', key, id: event.id })
}

/** To everybody else in the room; kept nowhere, and least of all for those who are behind. */
function whisper(message: Extract<FeedMessage, { userId: string }>, from: Client, clients: Iterable<Client>): void {
  for (const client of clients) {
    if (client !== from && !client.isBehind && client.rooms.includes(message.room)) client.send(message)
  }
}

/** Where a client is in one room only, it need not name it. */
function onlyRoom({ rooms }: Client, type: string): string {
  const [room, another] = rooms
  if (room !== undefined && another === undefined && type !== 'join') return room
  throw new FeedError('bad-message', `${type} names no room.`, `Name one: {"type":"${type}","room":"lobby"}.`)
}
