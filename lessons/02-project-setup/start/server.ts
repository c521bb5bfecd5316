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
  // TODO 3: `body`, as JSON Schema: an object with user (1 to 64 characters) and text (1 to 4000), both of them texts.
}

app.post<Publish>('/feed/:room', { schema }, async ({ params: { room }, body }, reply) => {
  // TODO 1: make the message; the server sets id and at. Keep it, and respond with 201 and the message.
  return reply.code(501).send({ todo: [room, body] })
})

app.get<Read>('/feed/:room', async ({ params: { room } }, reply) => {
  // TODO 2: respond with { events }, the messages of this room. If there are none yet, the list is empty.
  return reply.code(501).send({ todo: [room, rooms.size] })
})

await app.listen({ port: Number(process.env['PORT'] ?? 4102) })
