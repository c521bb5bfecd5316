/** Tells the bytes of events from those that hold them together, in what the transports send, however it is split. */
import type { Share } from '../wire/reading.ts'

type Count = (bytes: Buffer) => Share

/** Each event's text when it is whole: its bytes as Latin-1. */
type Told = (event: string) => void

/** No event of the feed is longer; of one that is, this much is told. */
const EVENT_BYTES = 64 * 1024

/**
 * In a poll's answer, `{"events":[{…},{…}],"cursor":…}`, the objects in the first array are the
 * events: they begin at depth 2 and end there. What comes behind that array is none.
 */
export function countPollEvents(told?: Told): Count {
  let event = ''
  let depth = 0
  let inString = false
  let isEscaped = false
  let isOver = false

  return (bytes) => {
    let payload = 0
    for (const byte of bytes) {
      if (isOver) break
      const before = depth
      if (isEscaped) isEscaped = false
      else if (inString && byte === BACKSLASH) isEscaped = true
      else if (byte === QUOTE) inString = !inString
      else if (!inString) depth += STEPS[byte] ?? 0
      isOver = before === 2 && depth === 1
      if (before <= 2 && depth <= 2) continue
      payload += 1
      if (told) collect(byte, told)
    }
    return { payload, heartbeats: 0 }
  }

  function collect(byte: number, told: Told): void {
    if (event.length < EVENT_BYTES) event += String.fromCharCode(byte)
    if (depth > 2) return
    told(event)
    event = ''
  }
}

const QUOTE = 0x22
const BACKSLASH = 0x5c
const STEPS: Partial<Record<number, number>> = { 0x7b: 1, 0x5b: 1, 0x7d: -1, 0x5d: -1 }

/**
 * In an event stream (WHATWG HTML, section 9.2.5), what `data:` holds is an event unless `event:`
 * before it gives the block another type. A comment is a heartbeat, and so is a block that begins
 * with one, to its blank line.
 */
export function countStreamEvents(told?: Told): Count {
  let event = ''
  let field = ''
  let kind: 'name' | 'blank' | 'value' | 'comment' = 'name'
  let block: 'fresh' | 'comments' | 'event' | 'other' = 'fresh'

  return (bytes) => {
    const share = { payload: 0, heartbeats: 0 }
    for (const byte of bytes) {
      const of = kindOf(byte)
      if (of !== 'framing') share[of] += 1
      if (told && of === 'payload' && event.length < EVENT_BYTES) event += String.fromCharCode(byte)
    }
    return share
  }

  function kindOf(byte: number): 'payload' | 'heartbeats' | 'framing' {
    const isHeartbeat = block === 'comments'
    const of = step(byte)
    return isHeartbeat ? 'heartbeats' : of
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
    if (event !== '' && block === 'event') told?.(event)
    event = ''
    block = 'fresh'
  }
}

const LINE_FEED = 0x0a
const COLON = 0x3a
const BLANK = 0x20
