/** A small server with OpenAI's format, for tests: it answers with a fixed number of tokens at a fixed pace. */
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { json } from 'node:stream/consumers'
import { setTimeout as after } from 'node:timers/promises'

export interface ChatServer extends AsyncDisposable {
  readonly url: URL
  /** Bodies of the requests so far, in their order. */
  readonly bodies: readonly unknown[]
}

export interface ChatBehaviour {
  /** Time before the first token. */
  readonly firstMs?: number
  /** Time between two tokens. */
  readonly gapMs?: number
  readonly tokens?: number
  /** The key that a request must have. */
  readonly key?: string
  /** Returns how the answer to this request fails; null if it does not. */
  failure?(request: number): 'status' | 'error' | 'cut' | 'no end' | null
}

export async function startChat(behaviour: ChatBehaviour = {}): Promise<ChatServer> {
  const bodies: unknown[] = []
  const server = createServer((request, response) => {
    respond(request, response, behaviour, bodies).catch(() => response.destroy())
  })
  await once(server.listen(0, '127.0.0.1'), 'listening')
  const { port } = server.address() as AddressInfo
  return {
    url: new URL(`http://127.0.0.1:${port}/v1/chat/completions`),
    bodies,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

async function respond(
  request: IncomingMessage,
  response: ServerResponse,
  { firstMs = 5, gapMs = 2, tokens = 5, key, failure }: ChatBehaviour,
  bodies: unknown[],
): Promise<void> {
  if (key !== undefined && request.headers.authorization !== `Bearer ${key}`)
    return void response.writeHead(401).end('{"error": {"message": "Incorrect API key provided"}}')
  const body = await json(request)
  const fails = failure?.(bodies.length) ?? null
  bodies.push(body)
  const isStream = typeof body === 'object' && body !== null && 'stream' in body && body.stream === true
  if (!isStream) return void response.setHeader('content-type', 'application/json').end('{"choices": []}')
  if (fails === 'status') return void response.writeHead(429).end('{"error": {"message": "Rate limit reached"}}')
  await after(firstMs)
  response.writeHead(200, { 'content-type': 'text/event-stream' })
  for (let i = 0; i < tokens; i++) {
    if (i > 0) await after(gapMs)
    if (fails === 'cut' && i === 2) return void response.destroy()
    if (fails === 'error' && i === 2) return void response.end('data: {"error":{"message":"overloaded"}}\n\n')
    response.write(`data: ${JSON.stringify({ choices: [{ index: 0, delta: { content: `token ${i} ` } }] })}\n\n`)
  }
  response.end(fails === 'no end' ? '' : 'data: [DONE]\n\n')
}
