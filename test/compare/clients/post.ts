/** Publishes by POST. Connections are kept, so that no message has to wait for a handshake or for another message. */
import { createExchange } from './exchange.ts'
import type { HttpExchange, HttpReply } from './http.ts'
import type { Connecting } from './socket.ts'

const idle = new Map<string, HttpExchange[]>()

/** Rejects if the status is none of 2xx. */
export async function post(
  url: URL,
  body: string,
  contentType: string,
  connecting: Connecting = {},
): Promise<HttpReply> {
  const free = idle.get(url.host) ?? []
  idle.set(url.host, free)
  const exchange = free.pop() ?? createExchange(connecting)
  const reply = await exchange.ask('POST', url, { 'Content-Type': contentType }, body)
  free.push(exchange)
  if (reply.status >= 200 && reply.status < 300) return reply
  const text = reply.text.trim().slice(0, 300)
  throw new Error(`POST ${url.pathname} returned the status ${reply.status}${text === '' ? '' : `: ${text}`}`)
}
