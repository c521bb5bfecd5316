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
  // TODO 3: `body`, as JSON Schema: an object with user (1 to 64 characters) and text (1 to 4000), both of them texts.
}

app.post<Publish>('/feed/:room', { schema }, async ({ params: { room }, body }, reply) => {
  // TODO 1: make the message: id and at are the server's to give. Keep it, and answer 201 with it.
  return reply.code(501).send({ todo: [room, body] })
})

app.get<Read>('/feed/:room', async ({ params: { room } }, reply) => {
  // TODO 2: answer { events }, the messages of this room; an empty list where there are none yet.
  return reply.code(501).send({ todo: [room, rooms.size] })
})

await app.listen({ port: Number(process.env['PORT'] ?? 4102) })
