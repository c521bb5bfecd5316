/** The same server with TypeBox, which makes the schema and the type of the body from one description. */
import { randomUUID } from 'node:crypto'
import type { TypeBoxTypeProvider } from '@fastify/type-provider-typebox'
import Fastify from 'fastify'
import Type from 'typebox'
import { validatorCompiler } from '#server/validation.ts'

const Name = Type.String({ minLength: 1, maxLength: 64 })
const Text = Type.String({ minLength: 1, maxLength: 4000 })
const Params = Type.Object({ room: Type.String() })
const schema = { params: Params, body: Type.Object({ user: Name, text: Text }) }

interface Message {
  readonly id: string
  readonly room: string
  readonly at: number
  readonly user: string
  readonly text: string
}

const all: Message[] = []

const app = Fastify().withTypeProvider<TypeBoxTypeProvider>().setValidatorCompiler(validatorCompiler)

app.post('/feed/:room', { schema }, async ({ params: { room }, body: { user, text } }, reply) => {
  const message: Message = { id: randomUUID(), room, at: Date.now(), user, text }
  all.push(message)
  reply.code(201)
  return message
})

app.get('/feed/:room', { schema: { params: Params } }, ({ params }, reply) => {
  void reply.send({ events: all.filter(({ room }) => room === params.room) })
})

app.listen({ port: Number(process.env['PORT'] ?? 4102), host: '127.0.0.1' }, (error) => {
  if (error) throw error
})
