/** How long an exchange was on its way up, on the server, and on its way down. */
import type { Inspected, ServerTimeMs } from '../../server/protocol.ts'

/** What the browser knows of it, on the page's clock. */
export interface Asked {
  readonly askedAtMs: number
  /** Later than asked, where the browser had it wait for a connection. */
  readonly sentAtMs?: number
  /** When the answer was here; a stream's, when it was open. */
  readonly arrivedAtMs: number | null
}

/** In milliseconds; null where one of its ends is not known. */
export interface Spans {
  readonly up: number | null
  readonly server: number | null
  readonly down: number | null
}

/** `offsetMs`: the server's clock is the page's plus so much; null while that is not known. */
export function spansOf(inspected: Inspected, asked: Asked | null, offsetMs: number | null): Spans {
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

/** When the server had all of the request. */
function reachedAt({ parts }: Inspected): ServerTimeMs | null {
  const answer = parts.findIndex(({ up, is }) => !up && is === 'head')
  const request = parts.slice(0, answer < 0 ? undefined : answer).findLast(({ up }) => up)
  return request?.at ?? null
}

/** When the last of the answer had left; a stream's, its head. */
function leftAt({ parts, transport }: Inspected): ServerTimeMs | null {
  const down = parts.filter(({ up, is }) => !up && is !== 'end')
  return (transport === 'sse' || transport === 'ws' ? down[0] : down.at(-1))?.at ?? null
}

/** Within the clock's error an end may seem to lie before its beginning. */
function between(from: number | null, to: number | null): number | null {
  return from === null || to === null ? null : Math.max(0, to - from)
}
