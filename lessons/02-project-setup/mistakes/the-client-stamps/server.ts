/** The smallest server that has a feed: a message is published by POST, and GET reads back what there is. */
import Fastify from 'fastify'

interface Message {
  /** Another one for each message of a room. */
  readonly id: string
  readonly room: string
  /** When the server accepted it, in ms since 1970. */
  readonly at: number
  readonly user: string
  readonly text: string
}

/** What the handlers hope to be given. Types are gone when the program runs: nobody has looked yet. */
interface Read {
  Params: { room: string }
}
interface Publish extends Read {
  Body: { user: string; text: string }
}

/** The feed: for each room its messages, oldest first. In memory, so that a restart begins with nothing. */
const rooms = new Map<string, Message[]>()

// Left to itself, Fastify makes a text of the number 42 where a text is asked for. Here it refuses it.
const app = Fastify({ ajv: { customOptions: { coerceTypes: false } } })

/** What Fastify asks of a request before the handler runs; whatever does not fit is answered with 400. */
const schema = {
  body: {
    type: 'object',
    required: ['user', 'text'],
    properties: {
      user: { type: 'string', minLength: 1, maxLength: 64 },
      text: { type: 'string', minLength: 1, maxLength: 4000 },
    },
  },
}

app.post<Publish>('/feed/:room', { schema }, async ({ params: { room }, body }, reply) => {
  const messages = rooms.get(room) ?? []
  const message = { id: String(messages.length + 1), room, at: Date.now(), ...body }
  rooms.set(room, [...messages, message])
  return reply.code(201).send(message)
})

app.get<Read>('/feed/:room', async ({ params: { room } }) => {
  return { events: rooms.get(room) ?? [] }
})

await app.listen({ port: Number(process.env['PORT'] ?? 4102) })
