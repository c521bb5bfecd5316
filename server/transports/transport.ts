/**
 * The one interface behind which the server sides of the transports stand, and what they share
 * that is not the lesson: the parameters, and where reading begins.
 */
import type { TypeBoxTypeProvider } from '@fastify/type-provider-typebox'
import type {
  FastifyBaseLogger,
  FastifyInstance,
  RawReplyDefaultExpression,
  RawRequestDefaultExpression,
  RawServerDefault,
} from 'fastify'
import Type from 'typebox'
import type { Admission } from '../auth/admission.ts'
import { FeedError, quote } from '../errors.ts'
import { isCursor } from '../feed/feed.ts'
import type { Feed } from '../feed/feed.ts'
import type { Presence } from '../feed/presence.ts'
import type { Limiter } from '../limits.ts'
import type { Cursor, Person } from '../protocol.ts'
import type { Progress } from './progress.ts'

/** Fastify, with types that follow from each route's schema. */
export type App = FastifyInstance<
  RawServerDefault,
  RawRequestDefaultExpression,
  RawReplyDefaultExpression,
  FastifyBaseLogger,
  TypeBoxTypeProvider
>

export interface Transport {
  /** Adds the transport's route to the app. */
  serve(app: App, feed: Feed, rules: Rules): Goodbye
}

/** What holds for the clients of every transport alike. */
export interface Rules {
  /** How much each may take. */
  readonly limiter: Limiter
  /** Drops those that take nothing. */
  readonly progress: Progress
  /** Who may read and publish, and until when. */
  readonly admission: Admission
  /** Where those that name themselves are counted as here. */
  readonly presence: Presence
  /** A stream with nothing to say says so this often. */
  readonly heartbeatMs: number
  /** To be told when the transport itself gives up a client, with one of few reasons. */
  dropped(reason: string): void
}

/** Proxies and NATs forget connections that are silent for a minute, some for half of one. */
export const HEARTBEAT_MS = 15_000

/** Ends what is still open so that its clients come back, to the next process, with their cursors. */
export type Goodbye = () => void

/** The most events in one answer, and the furthest that `last` reaches back. */
export const LIMIT_EVENTS = 500

export const ROOM_PATTERN = '^[a-z0-9-]{1,32}$'

export const Params = Type.Object({
  room: Type.String({ pattern: ROOM_PATTERN, description: '1 to 32 of the characters a-z, 0-9 and "-"' }),
})

/** How a reader names itself, to be counted as here and to be told who else is. */
export const PERSON = {
  user: Type.String({
    minLength: 1,
    maxLength: 64,
    description: 'who reads, 1 to 64 characters: the same in each tab',
  }),
  name: Type.String({ minLength: 1, maxLength: 64, description: 'how they are called, 1 to 64 characters' }),
  client: Type.String({
    pattern: '^[A-Za-z0-9._-]{1,64}$',
    description: '1 to 64 of A-Z, a-z, 0-9, ".", "_" and "-": by which of their tabs',
  }),
}

export const NamedQuery = Type.Object({
  user: Type.Optional(PERSON.user),
  name: Type.Optional(PERSON.name),
  client: Type.Optional(PERSON.client),
})

/** The parameters that every transport takes. */
export const Query = Type.Object({
  after: Type.Optional(Type.String({ description: 'a cursor that the server gave, or 0 for the earliest event kept' })),
  last: Type.Optional(
    Type.Integer({
      minimum: 0,
      maximum: LIMIT_EVENTS,
      description: `a whole number from 0 to ${LIMIT_EVENTS}: how many of the last events to begin with`,
    }),
  ),
  lane: Type.Optional(
    Type.String({
      pattern: '^[A-Za-z0-9._-]{1,64}$',
      description: '1 to 64 of A-Z, a-z, 0-9, ".", "_" and "-": the lane that the bytes belong to',
    }),
  ),
  ...NamedQuery.properties,
})

/** Of a poll: the presence that it has got already. */
export const Known = Type.Optional(
  Type.String({ maxLength: 64, description: 'with user: the version of the presence that the client has got' }),
)

/** The one who reads; undefined where nobody is named. Who names no client reads by one only, however often. */
export function personOf({ user, name = user, client = '' }: Named): Person | undefined {
  if (user === undefined || name === undefined) return undefined
  return { userId: user.toWellFormed(), name: name.toWellFormed(), client }
}

export interface Named {
  readonly user?: string | undefined
  readonly name?: string | undefined
  readonly client?: string | undefined
}

export const Limit = Type.Optional(
  Type.Integer({
    minimum: 0,
    description: `a whole number: the most events in one answer, which is never more than ${LIMIT_EVENTS}`,
  }),
)

/** A message up, as JSON, whichever way it comes: a body, or a frame. */
export const MESSAGE_BYTES = 16 * 1024

export const KEY_PATTERN = '^[\\x21-\\x7e]{1,128}$'

/** What a message consists of. Lengths count code points. */
export const MESSAGE = {
  user: Type.String({ minLength: 1, maxLength: 64, description: 'the name of who says it, 1 to 64 characters' }),
  text: Type.String({ minLength: 1, maxLength: 4000, description: 'what is said, 1 to 4,000 characters' }),
  key: Type.String({
    pattern: KEY_PATTERN,
    description: 'a key of your own, 1 to 128 visible ASCII characters: repeated, it publishes once',
  }),
}

/**
 * Where a client wants to begin: its cursor, or one that lies `last` events back. Undefined
 * means from now on. Throws `bad-cursor` (400) when `after` does not parse.
 */
export async function startOf(
  feed: Feed,
  room: string,
  { after, last }: { after?: string; last?: number },
): Promise<Cursor | undefined> {
  if (after !== undefined && !isCursor(after))
    throw new FeedError('bad-cursor', `after is ${quote(after)}, which is no cursor.`)
  return after ?? (last === undefined ? undefined : feed.back(room, last))
}

/**
 * Makes bytes of a batch once, for however many clients of a transport it goes to: the feed
 * hands all that keep up the very same object.
 */
export function once<T extends object>(make: (from: T) => Buffer): (from: T) => Buffer {
  const made = new WeakMap<T, Buffer>()
  return (from) => {
    const bytes = made.get(from) ?? make(from)
    made.set(from, bytes)
    return bytes
  }
}
