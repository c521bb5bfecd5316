/** Completes the OpenAPI document with the statuses of the responses, which the schemas of the routes do not contain. */

interface Described {
  readonly paths?: Readonly<Record<string, Readonly<Record<string, { responses?: object }>> | undefined>>
}

/** Texts by status. */
type Statuses = Readonly<Record<string, string>>

const OF_KIND: Readonly<Record<'poll' | 'stream' | 'socket', Statuses>> = {
  poll: { 200: 'The events after the cursor', 204: 'Nothing is new' },
  stream: { 200: 'A stream of events that does not end' },
  socket: { 101: 'A WebSocket, with an event in each frame' },
}

const OF_ROUTE: Readonly<Record<string, Statuses>> = {
  'post /feed/{room}': { 201: 'The published event', 200: 'The event of an earlier request with the same key' },
  'get /feed/{room}/presence': { 200: 'The people in the room' },
  'post /feed/{room}/typing': { 204: 'Everybody in the room was told' },
  'post /feed/{room}/leave': { 204: 'The person is no longer in the room' },
  'get /boards/{room}': { 200: 'The board, and the cursor from which every transport can continue' },
  'post /boards/{room}': { 201: 'The event of the change', 200: 'The event of an earlier request with the same key' },
}

/** Every error has this form (RFC 9457). */
const PROBLEM = {
  description: 'An error, with its code and a remedy',
  content: {
    'application/problem+json': {
      schema: {
        type: 'object',
        required: ['title', 'status', 'code', 'detail', 'remedy'],
        properties: {
          title: { type: 'string' },
          status: { type: 'integer' },
          code: { type: 'string' },
          detail: { type: 'string' },
          remedy: { type: 'string' },
        },
      },
    },
  },
}

/**
 * Gives every route of the document its responses: the statuses of the feed's and the boards' routes, `2XX` for the
 * others, and the form of an error. `kindOf` returns the kind of a transport's route; undefined for other routes.
 */
export function withResponses<Document extends object>(
  document: Document,
  kindOf: (path: string) => keyof typeof OF_KIND | undefined,
): Document {
  const { paths = {} }: Described = document
  for (const [path, methods = {}] of Object.entries(paths))
    for (const [method, operation] of Object.entries(methods)) {
      const kind = kindOf(path)
      const statuses = OF_ROUTE[`${method} ${path}`] ?? (kind ? OF_KIND[kind] : { '2XX': 'Success' })
      const found = Object.entries(statuses).map(([status, description]) => [status, { description }])
      operation.responses = { ...Object.fromEntries(found), default: PROBLEM }
    }
  return document
}
