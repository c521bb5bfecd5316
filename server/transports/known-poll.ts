/** The poll that the next request of a connection may repeat (repeated-polls.ts). */
import type { IncomingMessage } from 'node:http'
import type { FastifyReply } from 'fastify'
import type { Access } from '../access/access.ts'
import { PRICES } from '../access/prices.ts'
import type { Poll, PollRequest, PollResponse } from './poll.ts'

export interface KnownPoll {
  readonly poll: Poll
  readonly request: IncomingMessage
  readonly price: number
  /** The text of the head before and after the cursor, in Latin-1. */
  readonly before: string
  readonly after: string
  /** Fields of the response, except those that depend on the body, the time or the end of the connection. */
  readonly fields: string
  /** Checks the request again, and watches it until the response is complete. */
  readonly isAllowed: (response: Pick<PollResponse, 'onClose'>) => boolean
}

/** Fields after which Node or the server would treat a repetition differently. */
const UNUSUAL = ['content-length', 'transfer-encoding', 'upgrade', 'expect'] as const

/**
 * Returns the poll that the next request may repeat. `bytes`: the bytes that Node got last. Returns null if they are not
 * exactly the head of this request, if the head has an unusual field, or if the response was an error.
 */
export function remember(
  bytes: Buffer,
  { raw, query, routeOptions }: PollRequest,
  reply: FastifyReply,
  poll: Poll,
  access: Pick<Access, 'remember'>,
): KnownPoll | null {
  const head = bytes.toString('latin1')
  const { headers, httpVersion, method, url = '' } = raw
  const isPlain = method === 'GET' && httpVersion === '1.1' && UNUSUAL.every((name) => headers[name] === undefined)
  const staysOpen = /^keep-alive$/i.test(headers.connection ?? 'keep-alive')
  const isWhole = head.startsWith(`GET ${url} HTTP/1.1\r\n`) && head.indexOf('\r\n\r\n') === head.length - 4
  const isDone = (reply.statusCode === 200 || reply.statusCode === 204) && !reply.hasHeader('connection')
  const [before = '', cursor = ''] = /^[^\r]*?[?&]after=([^& ]*)/.exec(head) ?? []
  if (!isPlain || !staysOpen || !isWhole || !isDone || cursor !== query.after) return null
  const isAllowed = access.remember(raw)
  if (!isAllowed) return null
  const fields = Object.entries(reply.getHeaders()).filter(([name]) => !OF_BODY.includes(name))
  return {
    poll,
    request: raw,
    price: routeOptions.config.price ?? PRICES.request,
    ...shareTexts({
      before: before.slice(0, before.length - cursor.length),
      after: head.slice(before.length),
      fields: fields.map(([name, value]) => `${name}: ${String(value)}\r\n`).join(''),
    }),
    isAllowed,
  }
}

/**
 * Returns equal texts that all connections share, because nearly all clients send the same head. To compare shared texts
 * costs less, because the processor has them in its cache.
 */
function shareTexts(texts: Texts): Texts {
  const isSame = texts.before === shared.before && texts.after === shared.after && texts.fields === shared.fields
  if (!isSame) shared = texts
  return shared
}

type Texts = Pick<KnownPoll, 'before' | 'after' | 'fields'>

let shared: Texts = { before: '', after: '', fields: '' }

const OF_BODY = ['content-type', 'content-length']
