/** Finds the events and the heartbeats in a response of streaming HTTP. */
import type { Share } from '../protocol/wire.ts'
import { isEvent } from './event-text.ts'
import { EVENT_BYTES } from './listed.ts'
import type { EventReading } from './listed.ts'

/** Heartbeat: a line that keeps a connection open while there are no events. */
export const HEARTBEAT = '{"type":"heartbeat"}\n'

export const streamReading: EventReading = { body: readLines }

/**
 * Reads the lines of a response. The purpose of a line is known when the line is complete; until then the bytes of the
 * line count as framing.
 */
function readLines(onEvent?: (event: string) => void): (bytes: Buffer) => Share {
  let text = ''
  let length = 0

  return (bytes) => {
    const share = { payload: 0, heartbeats: 0 }
    for (let from = 0; from < bytes.length;) {
      const end = bytes.indexOf('\n', from)
      const to = end < 0 ? bytes.length : end
      if (text.length < EVENT_BYTES) text += bytes.toString('latin1', from, to)
      length += to - from
      from = to + 1
      if (end < 0) break
      if (`${text}\n` === HEARTBEAT) share.heartbeats += length + 1
      else if (isEvent(text)) {
        share.payload += length
        onEvent?.(text)
      }
      text = ''
      length = 0
    }
    return share
  }
}
