/** The smallest server with a feed: POST publishes a message, and GET reads all messages of a room. */
import Fastify from 'fastify'

interface Message {
  /** Different for each message of a room. */
  readonly id: string
  readonly room: string
  /** The time at which the server accepted the message, in ms since 1970. */
  readonly at: number
  readonly user: string
  readonly text: string
}

/** The types that the handlers expect. There are no types when the program runs, so nothing has checked them yet. */
interface Read {
  Params: { room: string }
}
interface Publish extends Read {
  Body: { user: string; text: string }
}

/** The feed: the messages of each room, oldest first. They are in memory, so a restart loses them. */
const rooms = new Map<string, Message[]>()

// By default, Fastify changes the number 42 into a text if the schema asks for a text. Here it refuses the number.
const app = Fastify({ ajv: { customOptions: { coerceTypes: false } } })

/** The rules that Fastify checks before the handler runs. If a request breaks them, Fastify responds with 400. */
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
  // Takes each field by its name, so that other fields of the body, such as an id, do not get into the message.
  const message = { id: String(messages.length + 1), room, at: Date.now(), user: body.user, text: body.text }
  rooms.set(room, [...messages, message])
  return reply.code(201).send(message)
})

app.get<Read>('/feed/:room', async ({ params: { room } }) => {
  return { events: rooms.get(room) ?? [] }
})

await app.listen({ port: Number(process.env['PORT'] ?? 4102) })
