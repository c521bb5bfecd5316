/** Finds the events and the heartbeats in an event stream (WHATWG HTML, section 9.2.5). */
import { EVENT_BYTES } from './listed.ts'
import type { EventReading } from './listed.ts'

/**
 * The value of a `data:` line is an event, unless an earlier `event:` line gives the block another type. If a block
 * begins with a comment, the whole block counts as a heartbeat, including its blank line. In other blocks, only the
 * comments count as heartbeats.
 */
export const sseReading: EventReading = {
  body(onEvent) {
    let event = ''
    let field = ''
    let kind: 'name' | 'blank' | 'value' | 'comment' = 'name'
    let block: 'fresh' | 'comments' | 'event' | 'other' = 'fresh'

    return (bytes) => {
      const share = { payload: 0, heartbeats: 0 }
      for (const byte of bytes) {
        const purpose = purposeOf(byte)
        if (purpose !== 'framing') share[purpose] += 1
        if (onEvent && purpose === 'payload' && event.length < EVENT_BYTES) event += String.fromCharCode(byte)
      }
      return share
    }

    function purposeOf(byte: number): 'payload' | 'heartbeats' | 'framing' {
      const isHeartbeat = block === 'comments'
      const purpose = step(byte)
      return isHeartbeat ? 'heartbeats' : purpose
    }

    function step(byte: number): 'payload' | 'heartbeats' | 'framing' {
      if (byte === LINE_FEED) return lineEnds()
      if (kind === 'comment') return 'heartbeats'
      if (kind === 'name') return inName(byte)
      const isBlank = kind === 'blank' && byte === BLANK
      kind = 'value'
      return field === 'data' && block !== 'other' && !isBlank ? 'payload' : 'framing'
    }

    function inName(byte: number): 'heartbeats' | 'framing' {
      if (byte === COLON && field === '') {
        kind = 'comment'
        if (block === 'fresh') block = 'comments'
        return 'heartbeats'
      }
      if (byte === COLON) kind = 'blank'
      else field += String.fromCharCode(byte)
      if (kind === 'blank' && block !== 'comments') block = field === 'event' || block === 'other' ? 'other' : 'event'
      return 'framing'
    }

    function lineEnds(): 'heartbeats' | 'framing' {
      const isBlankLine = kind === 'name' && field === ''
      const isHeartbeat = kind === 'comment'
      kind = 'name'
      field = ''
      if (isBlankLine) blockEnds()
      return isHeartbeat ? 'heartbeats' : 'framing'
    }

    function blockEnds(): void {
      if (event !== '' && block === 'event') onEvent?.(event)
      event = ''
      block = 'fresh'
    }
  },
}

const LINE_FEED = 0x0a
const COLON = 0x3a
const BLANK = 0x20
