import type { FastifyRequest, FastifySchemaValidationError } from 'fastify'
import Type from 'typebox'
import type { Admission } from '../auth/admission.ts'
import { FeedError, quote } from '../errors.ts'
import type { Limiter } from '../limits.ts'
import type { Change } from '../protocol.ts'
import { KEY_PATTERN, MESSAGE, Params, Query } from '../transports/transport.ts'
import type { App } from '../transports/transport.ts'
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

const read = { summary: 'The board, and the cursor from which its events go on', params: Params }

const change = {
  summary: 'Change the board: create, change, move or delete a task or a list',
  params: Params,
  querystring: Type.Pick(Query, ['lane']),
  headers: Type.Object({ 'idempotency-key': Type.Optional(Type.String()) }),
  body: Body,
}

/** `GET` and `POST /boards/ROOM`: 201 with the event that comes of a change, or 200 with the earlier one when its key is repeated. */
export function serveBoards(app: App, boards: Boards, limiter: Limiter, admission: Admission): void {
  app.get('/boards/:room', { schema: read }, async ({ params: { room } }, reply) =>
    reply.header('cache-control', 'no-store').send(await boards.read(room)),
  )

  app.post('/boards/:room', { schema: change, attachValidation: true }, async (request, reply) => {
    const { raw, params, headers, body, validationError } = request
    if (validationError) throw refusal(validationError, body)
    const key = headers['idempotency-key']
    if (key !== undefined && !KEY.test(key)) throw new FeedError('bad-key', `Idempotency-Key is ${quote(key)}.`)
    admission.checkUser(raw, { user: body.user })
    limiter.message(raw)
    const { event, repeated } = await boards.change(params.room, body.user.toWellFormed(), changeOf(body), key)
    return reply
      .code(repeated ? 200 : 201)
      .header('cache-control', 'no-store')
      .send(event)
  })
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

/** What of the path or the query does not fit is said as everywhere; of the body, by where in it. */
function refusal(error: Invalid, body: unknown): Error {
  if (error.validationContext !== 'body') return error
  const [first]: FastifySchemaValidationError[] = error.validation
  const path = first?.instancePath.slice(1) ?? ''
  const where = path === '' ? 'The body' : path
  const value = path === '' ? body : path.split('/').reduce(inside, body)
  // What `additionalProperties: false` makes of a further field.
  if (first?.keyword === 'boolean')
    return new FeedError('bad-change', `${where} is ${quote(value)}: there is no such field.`)
  return new FeedError('bad-change', `${where} is ${quote(value)}: it ${first?.message ?? 'does not fit'}.`)
}

function inside(value: unknown, name: string): unknown {
  return Object.entries(value ?? {}).find(([key]) => key === name)?.[1]
}
