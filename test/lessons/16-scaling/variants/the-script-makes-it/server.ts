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

/** The script makes the whole event, with its number. Readers use it unchanged. */
const APPEND = `
  local seq = redis.call('INCR', KEYS[2])
  local event = '{"id":"feed.' .. seq .. '",' .. string.sub(ARGV[1], 2)
  redis.call('XADD', KEYS[1], seq .. '-0', 'event', event)
  return event`

async function publish(draft: Omit<Event, 'id'>): Promise<Event> {
  return JSON.parse(String(await redis.eval(APPEND, 2, 'feed', 'feed:seq', JSON.stringify(draft))))
}

async function readFrom(position: string): Promise<never> {
  const [[, entries] = ['', []]] = (await listening.xread('BLOCK', 2000, 'STREAMS', 'feed', position)) ?? []
  for (const [, fields] of entries) deliver(JSON.parse(fields[1] ?? ''))
  return readFrom(entries.at(-1)?.[0] ?? position)
}

const seq = await redis.get('feed:seq')
void readFrom(`${seq ?? 0}-0`)

await app.listen({ host: '127.0.0.1', port: Number(process.env['PORT']) })
