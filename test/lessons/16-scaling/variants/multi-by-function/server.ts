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

declare module 'ioredis' {
  interface RedisCommander {
    append(stream: string, counter: string, draft: string): Promise<number>
  }
}

redis.defineCommand('append', {
  numberOfKeys: 2,
  lua: `
    local seq = redis.call('INCR', KEYS[2])
    redis.call('XADD', KEYS[1], seq .. '-0', 'draft', ARGV[1])
    return seq`,
})

const publish = async (draft: Omit<Event, 'id'>): Promise<Event> => ({
  id: `feed.${await redis.append('feed', 'feed:seq', JSON.stringify(draft))}`,
  ...draft,
})

/** Reads the stream for ever, and always after the last entry that this process has. */
async function listen(last: string): Promise<void> {
  for (;;) {
    const answer = await listening.xread('BLOCK', 5000, 'STREAMS', 'feed', last)
    for (const [, entries] of answer ?? [])
      for (const [id, [, draft = '{}']] of entries) {
        last = id
        deliver({ id: `feed.${id.split('-')[0]}`, ...JSON.parse(draft) })
      }
  }
}
// The position is known before there are clients. Otherwise, they miss what is published until Redis answers.
void listen(`${(await redis.get('feed:seq')) ?? 0}-0`)

await app.listen({ host: '127.0.0.1', port: Number(process.env['PORT']) })
