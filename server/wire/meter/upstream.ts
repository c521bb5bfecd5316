/**
 * Assigns the bytes that a connection receives to exchanges. A byte is unclaimed until the head of its request is
 * complete. After that, the byte belongs to the exchange of this request.
 */
import type { Duplex } from 'node:stream'
import type { MeteredExchange } from './exchange.ts'
import { declaredBody, isWebSocket, readMessages } from '../bend/messages.ts'
import type { Body } from '../bend/messages.ts'
import type { Head } from '../request-head.ts'
import { tapUp } from './tap.ts'

export interface Upstream {
  /** Returns the exchange of a request. Call `begin` when the server has the head of the request. */
  begin(request: RequestLine, bodyLength: number): MeteredExchange
  /**
   * Removes and returns the waiting requests before the request `before`. The server has refused these requests without
   * reporting them.
   */
  refused(before: RequestLine): readonly Waiting[]
  /** Number of bytes that belong to no exchange yet. */
  unclaimed(): number
  /** Returns, in order, the requests that have arrived and that the link has not passed on to the server yet. */
  waiting(): readonly Waiting[]
  /** Returns the number of unclaimed bytes and sets this number to 0. All later bytes stay unclaimed. */
  giveUp(): number
}

/** A request that is still on its way through a link. */
export interface Waiting {
  readonly exchange: MeteredExchange
  readonly method: string
  readonly url: string
  /** Head of the request as it arrived, in Latin-1. */
  readonly text: string
}

/** Opens the exchange of a request. */
export type Open = (request: RequestLine, bodyLength: number) => MeteredExchange

/** Parts of a request line that identify the lane. */
export type RequestLine = Pick<Head, 'method' | 'url'>

/**
 * Maximum number of waiting requests of a connection, because each waiting request takes memory. The server closes a
 * connection long before the connection reaches this number.
 */
const WAITING = 64

/**
 * Reads the bytes of a connection when they arrive, before a link delays them. The meter therefore knows a request
 * before the server gets it, even if the connection is cut in between. `open` opens the exchange of a request.
 */
export function readUpstream(source: Duplex, open: Open): Upstream {
  /** Exchange of the latest request; null if it is unknown to which exchange the next bytes belong. */
  let last: MeteredExchange | null = null
  let unclaimed = 0
  const waiting: Waiting[] = []
  let isUpgraded = false
  let isGivenUp = false
  const requests = readMessages(onHead)

  takeFromParser(source)
  tapUp(source, (bytes) => {
    unclaimed += bytes.length
    if (isGivenUp) return
    requests.read(bytes)
    if (isUpgraded) return giveFrames(bytes)
    if (requests.isBeyond()) last = null
    if (last) giveBody(last, unclaimed - requests.begunBytes())
  })

  return {
    begin(request, bodyLength) {
      const place = placeOf(request)
      const found = place === 0 ? waiting.shift() : waiting.splice(place, 1)[0]
      return found?.exchange ?? open(request, bodyLength)
    },
    refused(before) {
      const place = placeOf(before)
      return place === 0 ? NONE : waiting.splice(0, place)
    },
    unclaimed: () => unclaimed,
    waiting: () => waiting,
    giveUp() {
      const bytes = unclaimed
      unclaimed = 0
      isGivenUp = true
      return bytes
    },
  }

  function placeOf(request: RequestLine): number {
    const at = waiting.findIndex(({ method, url }) => method === request.method && url === request.url)
    return at < 0 ? waiting.length : at
  }

  /**
   * Opens an exchange when the head of a request is complete. The bytes before the head belong to the previous request.
   */
  function onHead(text: string, bytesAfterHead: number): Body {
    if (last) giveBody(last, unclaimed - bytesAfterHead - text.length)
    last = null
    const [, method, url] = REQUEST.exec(text) ?? []
    if (method === undefined || url === undefined || waiting.length === WAITING) return 'rest'
    // Search once for all three fields, because most requests have none of these fields.
    const isPlain = !FRAMING.test(text)
    isUpgraded = !isPlain && isWebSocket(text)
    const body = isPlain ? 0 : isUpgraded ? 'rest' : declaredBody(text, 0)
    last = open({ method, url }, typeof body === 'number' ? body : Infinity)
    last.head(unclaimed - bytesAfterHead)
    unclaimed = bytesAfterHead
    waiting.push({ exchange: last, method, url, text })
    return body
  }

  function giveBody(exchange: MeteredExchange, bytes: number): void {
    exchange.body(bytes)
    unclaimed -= bytes
  }

  function giveFrames(bytes: Buffer): void {
    last?.framesUp(bytes.subarray(bytes.length - unclaimed))
    unclaimed = 0
  }
}

const NONE: readonly Waiting[] = []

/** Matches a field that determines which bytes follow a head. */
const FRAMING = /^(?:upgrade|transfer-encoding|content-length):/im

const REQUEST = /^(\S+) (\S+) HTTP\/1\.[01]\r\n/

/**
 * Makes the socket's bytes pass through its stream. As long as no `data` listener was ever added, Node's HTTP parser
 * reads directly from the socket.
 */
function takeFromParser(source: Duplex): void {
  source.on('data', ignore)
  source.off('data', ignore)
}

function ignore(): void {}
