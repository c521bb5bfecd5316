/** Uses Fastify, which pipes a stream, and writes all events in one piece. */
import { Readable } from 'node:stream'
import Fastify from 'fastify'

const app = Fastify()

app.get<{ Querystring: { text?: string | string[] } }>('/stream', (request, reply) => {
  const texts = [request.query.text ?? []].flat()
  const body = new Readable({ read() {} })
  body.push(texts.map((text) => `data: ${text.replace(/\r\n?|\n/g, '\ndata: ')}\n\n`).join(''))
  return reply.type('text/event-stream').send(body)
})

await app.listen({ host: '127.0.0.1', port: Number(process.env['PORT']) })
