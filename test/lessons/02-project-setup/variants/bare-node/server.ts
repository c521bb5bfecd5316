/** The same server without a framework. It does by itself everything that Fastify does for a body. */
import { createServer } from 'node:http'
import type { IncomingMessage, ServerResponse } from 'node:http'

interface Message {
  readonly id: string
  readonly room: string
  readonly at: number
  readonly user: string
  readonly text: string
}

const MOST = { user: 64, text: 4000 }

const rooms = new Map<string, Message[]>()
let count = 0

const server = createServer((request, response) => {
  const [, room] = /^\/feed\/([^/?]+)$/.exec(request.url ?? '') ?? []
  if (room === undefined) return send(response, 404, { message: 'There is nothing here.' })
  if (request.method === 'GET') return send(response, 200, { events: rooms.get(room) ?? [] })
  if (request.method === 'POST') return void publish(room, request, response)
  return send(response, 405, { message: 'GET or POST, please.' })
})

async function publish(room: string, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const [type = ''] = (request.headers['content-type'] ?? '').split(';')
  if (type.trim() !== 'application/json') return send(response, 415, { message: 'The body is not application/json.' })
  const body = parsed(await textOf(request))
  const wrong = whatIsWrong(body)
  if (wrong !== null) return send(response, 400, { message: wrong })
  const { user, text } = body as Pick<Message, 'user' | 'text'>
  const message = { id: `m${(count += 1)}`, room, at: performance.timeOrigin + performance.now(), user, text }
  rooms.set(room, [...(rooms.get(room) ?? []), message])
  send(response, 201, message)
}

function whatIsWrong(body: unknown): string | null {
  if (typeof body !== 'object' || body === null || Array.isArray(body)) return 'The body is not a JSON object.'
  for (const [name, most] of Object.entries(MOST)) {
    const value: unknown = Reflect.get(body, name)
    if (typeof value !== 'string') return `${name} is not a text.`
    if (value.length === 0 || value.length > most) return `${name} has ${value.length} characters, not 1 to ${most}.`
  }
  return null
}

async function textOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(Buffer.from(chunk))
  return Buffer.concat(chunks).toString()
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

function send(response: ServerResponse, status: number, body: object): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body))
}

server.listen(Number(process.env['PORT'] ?? 4102))
