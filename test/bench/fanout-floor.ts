/**
 * The least that a server of Node does for polls. With the argument `http`: node:http parses each request, and writes
 * one prepared response. With `fastify`: a bare Fastify route without hooks, only for short polls without news. The
 * responses have the header fields of Fourwire's responses.
 */
import { createServer } from 'node:http'
import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import Fastify from 'fastify'
import { GENERAL_HEADERS } from '../../server/pages/page.ts'

const FIELDS = { ...GENERAL_HEADERS, 'cache-control': 'no-store' }
const TYPE = { 'preference-applied': 'wait=30', 'content-type': 'application/json; charset=utf-8' }

if (process.argv[2] === 'fastify') await serveFastify()
else serveHttp()

async function serveFastify(): Promise<void> {
  const app = Fastify()
  app.get('/feed/lobby/poll', (_request, reply) => void reply.headers(FIELDS).code(204).send())
  await app.listen({ host: '127.0.0.1', port: 0 })
  sendPort(app.server)
}

function sendPort(server: Server): void {
  const address = server.address()
  process.send?.(typeof address === 'object' ? address?.port : undefined)
}

/** A cursor is a number of messages. All clients with the same cursor get the same bytes. */
function serveHttp(): void {
  const events: object[] = []
  const held: { readonly response: ServerResponse; readonly cursor: number }[] = []
  let prepared = { from: -1, to: -1, json: Buffer.alloc(0) }

  const server = createServer({ keepAliveTimeout: 72_000 }, (request, response) => {
    const [, after] = /[?&]after=(\d+)$/.exec(request.url ?? '') ?? []
    const cursor = Number(after)
    if (request.method === 'POST') publish(request, response)
    else if (after === undefined) response.end(JSON.stringify({ cursor: String(events.length) }))
    else if (!request.url?.startsWith('/feed/lobby/long-poll')) response.writeHead(204, FIELDS).end()
    else if (cursor === events.length) held.push({ response, cursor })
    else answer(response, cursor)
  })
  server.listen(0, '127.0.0.1', () => sendPort(server))

  function answer(response: ServerResponse, from: number): void {
    const to = events.length
    if (from !== prepared.from || to !== prepared.to) {
      const news = { events: events.slice(from), cursor: String(to), gap: false, more: false }
      prepared = { from, to, json: Buffer.from(JSON.stringify(news)) }
    }
    response.writeHead(200, { ...FIELDS, ...TYPE, 'content-length': prepared.json.length }).end(prepared.json)
  }

  function publish(request: IncomingMessage, response: ServerResponse): void {
    let body = ''
    request.on('data', (chunk) => (body += chunk))
    request.on('end', () => {
      events.push({
        id: String(events.length + 1),
        room: 'lobby',
        at: Date.now(),
        type: 'message',
        ...JSON.parse(body),
      })
      for (const { response, cursor } of held.splice(0)) answer(response, cursor)
      response.writeHead(201).end('{}')
    })
  }
}
