/** Schemas of request parameters. Each route lists the parameters that it accepts. */
import Type from 'typebox'
import type { Feed } from '../feed/feed.ts'
import { isCursor } from '../feed/feed.ts'
import { FeedError, quote } from './errors.ts'
import type { Cursor, Person } from '../protocol/feed.ts'

/** Maximum number of events in one response, and maximum value of `last`. */
export const LIMIT_EVENTS = 500

export const ROOM_PATTERN = '^[a-z0-9-]{1,32}$'

export const Params = Type.Object({
  room: Type.String({ pattern: ROOM_PATTERN, description: '1 to 32 of the characters a-z, 0-9 and "-"' }),
})

/**
 * Fields in which a reader names itself. A reader that names itself counts as present and learns who else is present.
 */
export const PERSON = {
  user: Type.String({
    minLength: 1,
    maxLength: 64,
    description: 'the id of the person who reads, 1 to 64 characters; all tabs of a person use the same id',
  }),
  name: Type.String({ minLength: 1, maxLength: 64, description: 'the name that others see, 1 to 64 characters' }),
  client: Type.String({
    pattern: '^[A-Za-z0-9._-]{1,64}$',
    description: 'an id of the tab, 1 to 64 of the characters A-Z, a-z, 0-9, ".", "_" and "-"',
  }),
}

export const NamedQuery = Type.Object({
  user: Type.Optional(PERSON.user),
  name: Type.Optional(PERSON.name),
  client: Type.Optional(PERSON.client),
})

/** Parameters that every transport accepts. */
export const Query = Type.Object({
  after: Type.Optional(
    Type.String({ description: 'a cursor that the server has sent, or 0 for the earliest event that is kept' }),
  ),
  last: Type.Optional(
    Type.Integer({
      minimum: 0,
      maximum: LIMIT_EVENTS,
      description: `a whole number from 0 to ${LIMIT_EVENTS}: the number of past events to begin with`,
    }),
  ),
  lane: Type.Optional(
    Type.String({
      pattern: '^[A-Za-z0-9._-]{1,64}$',
      description:
        'the name of the lane that the bytes belong to, 1 to 64 of the characters A-Z, a-z, 0-9, ".", "_" and "-"',
    }),
  ),
  ...NamedQuery.properties,
})

/** Query parameter of a poll: the version of the presence list that the client already has. */
export const Known = Type.Optional(
  Type.String({
    maxLength: 64,
    description: 'the version of the presence that the client already has; it needs user as well',
  }),
)

/**
 * Returns the person who reads, or undefined if the query has no `user`. All connections of a user that name no
 * `client` count as one tab.
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
    description: `a whole number: the maximum number of events in the response; a number above ${LIMIT_EVENTS} counts as ${LIMIT_EVENTS}`,
  }),
)

/** Maximum size of a published message as JSON, in a request body or in a frame. */
export const MESSAGE_BYTES = 16 * 1024

export const KEY_PATTERN = '^[\\x21-\\x7e]{1,128}$'

/** Fields of a message. Each maximum length is a number of code points. */
export const MESSAGE = {
  user: Type.String({ minLength: 1, maxLength: 64, description: 'the name of the sender, 1 to 64 characters' }),
  text: Type.String({ minLength: 1, maxLength: 4000, description: 'the text of the message, 1 to 4,000 characters' }),
  key: Type.String({
    pattern: KEY_PATTERN,
    description:
      'a key that you choose, 1 to 128 visible ASCII characters; requests with the same key publish only once',
  }),
}

/**
 * Returns the cursor after which a client wants to read: `after`, or the cursor before the latest `last` events.
 * Returns undefined if the client wants to begin with the next event. Throws `bad-cursor` (400) if `after` is not a
 * cursor.
 */
export async function startOf(
  feed: Feed,
  room: string,
  { after, last }: { after?: string | undefined; last?: number | undefined },
): Promise<Cursor | undefined> {
  if (after !== undefined && !isCursor(after))
    throw new FeedError('bad-cursor', `after is ${quote(after)}, which is not a cursor.`)
  return after ?? (last === undefined ? undefined : feed.back(room, last))
}
