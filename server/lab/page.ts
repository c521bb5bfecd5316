/** Connection of a page to the lab: a WebSocket, or an event stream if the network refuses WebSockets. */
import type { ServerResponse } from 'node:http'

/** Members of a WebSocket that the lab uses. */
export interface LabPage {
  readonly readyState: number
  readonly OPEN: number
  readonly bufferedAmount: number
  send(text: string, sent?: () => void): void
  close(code: number, reason: string): void
  once(event: 'close', listener: () => void): unknown
}

const OPEN = 1
const CLOSED = 3

/**
 * Makes an event stream usable like a WebSocket. Each text is sent as one event. A text is JSON, so it has no line
 * break. `close` ignores the code, because a stream has no close code.
 */
export function pageByStream(stream: ServerResponse): LabPage {
  return {
    OPEN,
    get readyState() {
      return stream.destroyed || stream.writableEnded ? CLOSED : OPEN
    },
    get bufferedAmount() {
      return stream.writableLength
    },
    send(text, sent) {
      stream.write(`data: ${text}\n\n`, () => sent?.())
    },
    close() {
      stream.end()
    },
    once: (event, listener) => stream.once(event, listener),
  }
}
