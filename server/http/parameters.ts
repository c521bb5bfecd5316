/** Schemas of request parameters. Each route names the parameters that it takes. */
import Type from 'typebox'
import type { Feed } from '../feed/feed.ts'
import { isCursor } from '../feed/feed.ts'
import { FeedError, quote } from './errors.ts'
import type { Cursor, Person } from '../protocol/feed.ts'

/** Limit of the events in one response, and of the events that `last` reaches back. */
export const LIMIT_EVENTS = 500

export const ROOM_PATTERN = '^[a-z0-9-]{1,32}$'

export const Params = Type.Object({
  room: Type.String({ pattern: ROOM_PATTERN, description: '1 to 32 of the characters a-z, 0-9 and "-"' }),
})

/** Fields with which a reader gives its name. It then counts as present and learns who else is present. */
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

/** Query parameter of a poll: the version of the presence list that the client has. */
export const Known = Type.Optional(
  Type.String({ maxLength: 64, description: 'with user: the version of the presence that the client has got' }),
)

/**
 * Returns the person who reads, or undefined if the query has no user. Without a `client`, all connections of that user
 * count as one tab.
 */
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

/** Limit of a published message as JSON, in a request body or in a frame. */
export const MESSAGE_BYTES = 16 * 1024

export const KEY_PATTERN = '^[\\x21-\\x7e]{1,128}$'

/** Fields of a message. Their lengths are counted in code points. */
export const MESSAGE = {
  user: Type.String({ minLength: 1, maxLength: 64, description: 'the name of who says it, 1 to 64 characters' }),
  text: Type.String({ minLength: 1, maxLength: 4000, description: 'what is said, 1 to 4,000 characters' }),
  key: Type.String({
    pattern: KEY_PATTERN,
    description: 'a key of your own, 1 to 128 visible ASCII characters: repeated, it publishes once',
  }),
}

/**
 * Returns the cursor from which a client wants to begin: its own, or one that lies `last` events back. Undefined means
 * from now on. Throws `bad-cursor` (400) if `after` is not a cursor.
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
