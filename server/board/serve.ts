import type { FastifyRequest, FastifySchemaValidationError } from 'fastify'
import Type from 'typebox'
import type { Access } from '../access/access.ts'
import { FeedError, quote } from '../http/errors.ts'
import type { Limiter } from '../access/limits.ts'
import { PRICES, priceOfBytes } from '../access/prices.ts'
import type { Change } from '../protocol/board.ts'
import { KEY_PATTERN, MESSAGE, Params, Query } from '../http/parameters.ts'
import { JSON_TYPE } from '../transports/encoding.ts'
import type { App } from '../http/app-type.ts'
import type { Boards } from './boards.ts'

const KEY = new RegExp(KEY_PATTERN)

const Id = Type.String({ pattern: '^[a-z0-9-]{1,32}$', description: '1 to 32 of the characters a-z, 0-9 and "-"' })
const Title = Type.String({ minLength: 1, maxLength: 200, description: '1 to 200 characters' })

const Fields = Type.Object(
  {
    id: Type.Optional(Id),
    title: Type.Optional(Title),
    list: Type.Optional(Id),
    before: Type.Optional(Type.Union([Id, Type.Null()])),
    assignee: Type.Optional(Type.String({ maxLength: 64, description: 'a name, empty for nobody' })),
    done: Type.Optional(Type.Boolean()),
  },
  { additionalProperties: false },
)

const Body = Type.Object(
  {
    user: MESSAGE.user,
    type: Type.Enum(['task_created', 'task_updated', 'task_deleted', 'list_created', 'list_updated', 'list_deleted']),
    task: Type.Optional(Fields),
    list: Type.Optional(Type.Pick(Fields, ['id', 'title', 'before'], { additionalProperties: false })),
  },
  { additionalProperties: false },
)

const read = { summary: 'The board, and the cursor after which its next events follow', params: Params }

const change = {
  summary: 'Change the board: create, change, move or delete a task or a list',
  params: Params,
  querystring: Type.Pick(Query, ['lane']),
  headers: Type.Object({ 'idempotency-key': Type.Optional(Type.String()) }),
  body: Body,
}

/**
 * Adds `GET /boards/ROOM` and `POST /boards/ROOM`. A change gets status 201 and its event. A change with a repeated key
 * gets status 200 and the earlier event.
 */
export function serveBoards(app: App, boards: Boards, limiter: Limiter, access: Pick<Access, 'checkSpeaker'>): void {
  app.get('/boards/:room', { schema: read, config: { access: 'class' } }, async ({ params: { room } }, reply) =>
    reply
      .header('cache-control', 'no-store')
      .type(JSON_TYPE)
      .send(await boards.readJson(room)),
  )

  app.post(
    '/boards/:room',
    { schema: change, attachValidation: true, config: { access: 'class', price: PRICES.publish } },
    async (request, reply) => {
      const { raw, params, headers, body, validationError } = request
      if (validationError) throw refusal(validationError, body)
      const key = headers['idempotency-key']
      if (key !== undefined && !KEY.test(key)) throw new FeedError('bad-key', `Idempotency-Key is ${quote(key)}.`)
      access.checkSpeaker(raw, { user: body.user })
      limiter.message(raw)
      if (!boards.isBegun(params.room)) limiter.newRoom(raw)
      // The price depends on the length of the board, because the server checks and stores the whole board for each
      // change.
      await limiter.spend(raw, priceOfBytes(boards.characters(params.room)))
      const { event, repeated } = await boards.change(params.room, body.user.toWellFormed(), changeOf(body), key, body)
      return reply
        .code(repeated ? 200 : 201)
        .header('cache-control', 'no-store')
        .send(event)
    },
  )
}

function changeOf({ type, task, list }: Type.Static<typeof Body>): Change {
  switch (type) {
    case 'task_created':
      return { type, task: { id: newId(), ...(task ?? missing(type, 'task')) } }
    case 'task_updated':
    case 'task_deleted':
      return { type, task: { ...task, id: task?.id ?? missing(type, 'task/id') } }
    case 'list_created':
      return { type, list: { id: newId(), ...(list ?? missing(type, 'list')) } }
    case 'list_updated':
    case 'list_deleted':
      return { type, list: { ...list, id: list?.id ?? missing(type, 'list/id') } }
  }
}

function missing(type: string, what: string): never {
  throw new FeedError('bad-change', `${what} is missing: ${type} needs it.`)
}

const newId = (): string => crypto.randomUUID().replaceAll('-', '')

type Invalid = NonNullable<FastifyRequest['validationError']>

/**
 * Returns the error for an invalid request. Returns an error in the path or in the query unchanged. For an error in the
 * body, returns an error that names the wrong field.
 */
function refusal(error: Invalid, body: unknown): Error {
  if (error.validationContext !== 'body') return error
  const [first]: FastifySchemaValidationError[] = error.validation
  const path = first?.instancePath.slice(1) ?? ''
  const where = path === '' ? 'The body' : path
  const value = path === '' ? body : path.split('/').reduce(inside, body)
  // With `additionalProperties: false`, TypeBox reports an unknown field under the keyword `boolean`.
  if (first?.keyword === 'boolean')
    return new FeedError('bad-change', `${where} is ${quote(value)}: this field does not exist.`)
  return new FeedError('bad-change', `${where} is ${quote(value)}: it ${first?.message ?? 'is not allowed'}.`)
}

function inside(value: unknown, name: string): unknown {
  return Object.entries(value ?? {}).find(([key]) => key === name)?.[1]
}
