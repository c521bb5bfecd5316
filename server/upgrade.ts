/**
 * Sends upgrade requests through the same routes as all others, so that the checks of Host and
 * Origin, the schemas and the errors are the same before the 101 as anywhere else.
 */
import { ServerResponse } from 'node:http'
import type { IncomingMessage } from 'node:http'
import type { Socket } from 'node:net'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { WebSocketServer } from 'ws'
import { answerRawError } from './error-handler.ts'
import { FeedError } from './errors.ts'

export interface Upgrade {
  readonly request: IncomingMessage
  readonly socket: Socket
  readonly head: Buffer
}

interface Pending {
  readonly response: ServerResponse
  readonly head: Buffer
}

const pending = new WeakMap<IncomingMessage, Pending>()

export function routeUpgrades(app: FastifyInstance): void {
  app.server.on('upgrade', (request, _stream, head) => {
    // With a body the stream is not the socket itself (Node 26); the request always has the socket.
    const { socket } = request
    // Without a listener a reset during the handshake would end the process.
    socket.on('error', () => socket.destroy())
    request.url = socketAt(request.url ?? '')
    const response = new ServerResponse(request)
    response.shouldKeepAlive = false
    response.assignSocket(socket)
    response.on('finish', () => socket.destroySoon())
    pending.set(request, { response, head })
    app.routing(request, response)
  })
}

/**
 * Where a page and a socket have one address, the socket's own route: `wscat -c ws://localhost:3000`
 * names no path and gets the bare conversation, and the chat's socket stands at the chat's page.
 */
const socketAt = (url: string): string => url.replace(/^(\/chat)?\/?(?=\?|$)/, '$1/ws')

/** Only WebSocket upgrades are ours: `curl --http2` offers h2c and wants the page all the same. */
export const isWebSocketUpgrade = (request: IncomingMessage): boolean =>
  /^websocket$/i.test(request.headers.upgrade ?? '')

/** Takes the socket out of Fastify's hands for the handshake. Throws `upgrade-required` (426) on a plain request. */
export function takeUpgrade(
  { raw: request }: Pick<FastifyRequest, 'raw'>,
  reply: Pick<FastifyReply, 'hijack'>,
): Upgrade {
  const { response, head } = pending.get(request) ?? refuse(request)
  reply.hijack()
  response.detachSocket(request.socket)
  return { request, socket: request.socket, head }
}

/** Close codes (RFC 6455, section 7.4 and its registry): of a flood, a server that goes away to come back, and a full house. */
export const POLICY_VIOLATION = 1008
export const SERVICE_RESTART = 1012
export const TRY_AGAIN_LATER = 1013

/** After a close frame; a client that is gone never answers it. */
const CLOSE_MS = 1000

/** What makes handshakes for WebSockets whose messages are at most so long: longer ones close with 1009. */
export function createHandshakes(maxPayload: number): WebSocketServer {
  const options = { noServer: true, maxPayload, perMessageDeflate: false, closeTimeout: CLOSE_MS }
  return new WebSocketServer(options).on('wsClientError', (error, _stream, { socket }) => answerRawError(error, socket))
}

function refuse(request: IncomingMessage): never {
  throw new FeedError('upgrade-required', `${request.url ?? ''} is a WebSocket and was asked for by plain HTTP.`)
}
