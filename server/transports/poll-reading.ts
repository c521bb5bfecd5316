/** Finds the events in the response of a poll. */
import { EVENT_BYTES } from './listed.ts'
import type { EventReading } from './listed.ts'

/**
 * In `{"events":[{…},{…}],"cursor":…}` the objects in the first array are the events. Each event begins and ends at
 * depth 2. The fields after the first array are framing.
 */
export const pollReading: EventReading = {
  body(onEvent) {
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
        if (onEvent) collect(byte, onEvent)
      }
      return { payload, heartbeats: 0 }
    }

    function collect(byte: number, onEvent: (event: string) => void): void {
      if (event.length < EVENT_BYTES) event += String.fromCharCode(byte)
      if (depth > 2) return
      onEvent(event)
      event = ''
    }
  },
}

const QUOTE = 0x22
const BACKSLASH = 0x5c
const STEPS: Partial<Record<number, number>> = { 0x7b: 1, 0x5b: 1, 0x7d: -1, 0x5d: -1 }
