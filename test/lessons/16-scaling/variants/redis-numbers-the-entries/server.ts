/** One of several servers. A message that is published at one of them reaches the clients of all, through Redis. */
import Fastify from 'fastify'
import type { FastifyReply } from 'fastify'
import { Redis } from 'ioredis'

interface Event {
  readonly id: string
  readonly room: string
  readonly user: string
  readonly text: string
}

const redis = new Redis(String(process.env['REDIS_URL']), { maxRetriesPerRequest: null, retryStrategy: () => 20 })
redis.on('error', () => {})
/** A second connection, because a connection that waits for entries can do nothing else. */
const listening = redis.duplicate()
listening.on('error', () => {})

/** The open streams of this process. */
const clients = new Map<FastifyReply['raw'], string>()

const app = Fastify()
app.post<{ Params: { room: string }; Body: { user: string; text: string } }>('/feed/:room', async (request, reply) => {
  const { user, text } = request.body
  return reply.code(201).send(await publish({ room: request.params.room, user, text }))
})
app.get<{ Params: { room: string } }>('/feed/:room/sse', async ({ params: { room } }, reply) => {
  reply.hijack()
  reply.raw.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-store' }).write(':\n\n')
  clients.set(reply.raw, room)
  reply.raw.once('close', () => clients.delete(reply.raw))
})

function deliver(event: Event): void {
  for (const [client, room] of clients)
    if (room === event.room) client.write(`id: ${event.id}\ndata: ${JSON.stringify(event)}\n\n`)
}

/** Redis numbers the entry, by its clock and a count: `1764437000000-0`. One command is one step. */
async function publish(draft: Omit<Event, 'id'>): Promise<Event> {
  return { id: `feed.${await redis.xadd('feed', 'MAXLEN', '~', 10000, '*', 'draft', JSON.stringify(draft))}`, ...draft }
}

/** Reads the stream for ever, and always after the last entry that this process has. */
async function listen(last: string): Promise<void> {
  for (;;) {
    const answer = await listening.xread('BLOCK', 5000, 'STREAMS', 'feed', last)
    for (const [, entries] of answer ?? [])
      for (const [id, [, draft = '{}']] of entries) {
        last = id
        deliver({ id: `feed.${id}`, ...JSON.parse(draft) })
      }
  }
}
// The position is known before there are clients. Otherwise, they miss what is published until Redis answers.
void listen((await redis.xrevrange('feed', '+', '-', 'COUNT', 1))[0]?.[0] ?? '0')

await app.listen({ host: '127.0.0.1', port: Number(process.env['PORT']) })
