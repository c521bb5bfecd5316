/** Parses and checks the messages of the feed's WebSocket clients. */
import Type from 'typebox'
import { Compile } from 'typebox/compile'
import { FeedError, quote } from '../http/errors.ts'
import { MESSAGE, PERSON, ROOM_PATTERN } from '../http/parameters.ts'
import type { Named } from '../http/parameters.ts'

const Room = Type.Optional(Type.String({ pattern: ROOM_PATTERN }))
const Name = Type.Optional(PERSON.name)

const SHAPES = {
  ping: Compile(Type.Object({ type: Type.Literal('ping') })),
  join: Compile(
    Type.Object({
      type: Type.Literal('join'),
      room: Room,
      boardId: Room,
      user: Type.Optional(PERSON.user),
      name: Name,
      client: Type.Optional(PERSON.client),
    }),
  ),
  leave: Compile(Type.Object({ type: Type.Literal('leave'), room: Room, boardId: Room })),
  typing: Compile(
    Type.Object({
      type: Type.Literal('typing'),
      room: Room,
      boardId: Room,
      name: Name,
      on: Type.Optional(Type.Boolean()),
    }),
  ),
  message: Compile(
    Type.Object({
      type: Type.Literal('message'),
      room: Room,
      boardId: Room,
      user: MESSAGE.user,
      text: MESSAGE.text,
      key: Type.Optional(MESSAGE.key),
    }),
  ),
}

export type Request =
  | { readonly type: 'ping' }
  | { readonly type: 'leave'; readonly room: string | undefined }
  | ({ readonly type: 'join'; readonly room: string | undefined } & Named)
  | {
      readonly type: 'typing'
      readonly room: string | undefined
      readonly name: string | undefined
      readonly on: boolean
    }
  | {
      readonly type: 'message'
      readonly room: string | undefined
      readonly user: string
      readonly text: string
      readonly key: string | undefined
    }

/** Parses a message. Throws `bad-message` or `unknown-type` with the reason. */
export function parseRequest(text: string): Request {
  const value = parse(text)
  if (SHAPES.ping.Check(value)) return { type: 'ping' }
  if (SHAPES.join.Check(value)) {
    const { boardId, room = boardId, user, name, client } = value
    return { type: 'join', room, user, name, client }
  }
  if (SHAPES.typing.Check(value)) {
    const { boardId, room = boardId, name, on = true } = value
    return { type: 'typing', room, name, on }
  }
  if (SHAPES.leave.Check(value)) return { type: 'leave', room: value.room ?? value.boardId }
  if (SHAPES.message.Check(value))
    return { type: 'message', room: value.room ?? value.boardId, user: value.user, text: value.text, key: value.key }
  throw misfit(value)
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    throw new FeedError(
      'bad-message',
      text === '' ? 'The message is empty or binary.' : `${quote(text)} is not valid JSON.`,
    )
  }
}

function misfit(value: unknown): FeedError {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    return new FeedError('bad-message', `${quote(value)} is not a JSON object.`)
  const type = 'type' in value ? value.type : undefined
  if (typeof type !== 'string') return new FeedError('bad-message', `The message ${quote(value)} has no "type".`)
  if (!Object.hasOwn(SHAPES, type))
    return new FeedError('unknown-type', `${quote(type)} is not a message type that this server knows.`)
  const [error] = SHAPES[type as keyof typeof SHAPES].Errors(value)
  const at = error?.instancePath.slice(1) || 'the message'
  return new FeedError(
    'bad-message',
    `In a message of type ${type}, ${at} ${error?.message ?? 'is not allowed'}.`,
    REMEDIES[type as keyof typeof SHAPES],
  )
}

const REMEDIES: Record<keyof typeof SHAPES, string> = {
  ping: 'Send {"type":"ping"}.',
  join: 'Send {"type":"join","room":"lobby"}; a room name has 1 to 32 of the characters a-z, 0-9 and "-".',
  leave: 'Send {"type":"leave","room":"lobby"}.',
  typing: 'Send {"type":"typing","room":"lobby"}.',
  message: 'Send {"type":"message","user":"Ada","text":"hello"}, with "room" if you are in several rooms.',
}
