/** Computes how long an exchange took on its way up to the server, on the server, and on its way down. */
import type { ServerTimeMs } from '../../server/protocol/feed.ts'
import type { Inspected } from '../../server/protocol/wire.ts'
import { transports } from '../transports/index.ts'

/** Times at which the browser sent and received an exchange, on the page's clock. */
export interface BrowserTimes {
  readonly askedAtMs: number
  /** Time at which the browser sent the request, if the request first waited for a free connection. */
  readonly sentAtMs?: number
  /**
   * Time at which the response arrived; for a stream, the time at which the stream opened. Null if neither has
   * happened.
   */
  readonly arrivedAtMs: number | null
}

/** Durations in milliseconds. A duration is null if its beginning or its end is unknown. */
export interface Spans {
  readonly up: number | null
  readonly server: number | null
  readonly down: number | null
}

/**
 * Computes the durations of the exchange. The server's clock is the page's clock plus `offsetMs`; `offsetMs` is null
 * while it is unknown.
 */
export function spansOf(inspected: Inspected, asked: BrowserTimes | null, offsetMs: number | null): Spans {
  const reached = reachedAt(inspected)
  const left = leftAt(inspected)
  const onServer = (pageMs: number | null | undefined): number | null =>
    pageMs === null || pageMs === undefined || offsetMs === null ? null : pageMs + offsetMs
  return {
    up: between(onServer(asked?.sentAtMs ?? asked?.askedAtMs), reached),
    server: between(reached, left),
    down: between(left, onServer(asked?.arrivedAtMs)),
  }
}

/** Returns the time at which the server had received the whole request. */
function reachedAt({ parts }: Inspected): ServerTimeMs | null {
  const answer = parts.findIndex(({ up, is }) => !up && is === 'head')
  const request = parts.slice(0, answer < 0 ? undefined : answer).findLast(({ up }) => up)
  return request?.at ?? null
}

/**
 * Returns the time at which the last byte of the response left the server; for a stream, the time at which the response
 * head left.
 */
function leftAt({ parts, transport }: Inspected): ServerTimeMs | null {
  const down = parts.filter(({ up, is }) => !up && is !== 'end')
  return (isPoll(transport) ? down.at(-1) : down[0])?.at ?? null
}

function isPoll(transport: Inspected['transport']): boolean {
  return transport === null || transports[transport].kind === 'poll'
}

/**
 * Returns the duration between two times, at least 0. Because of the clock's error, the end can seem to be before the
 * beginning.
 */
function between(from: number | null, to: number | null): number | null {
  return from === null || to === null ? null : Math.max(0, to - from)
}
