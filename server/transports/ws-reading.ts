/** Finds the purpose of each message of the feed's WebSocket. */
import { isEvent, parse } from './event-text.ts'
import type { EventReading } from './listed.ts'

export const wsReading: EventReading = {
  messageDown: (text) => (text === '{"type":"pong"}' ? 'heartbeats' : isEvent(text) ? 'payload' : 'framing'),
  messageUp: (text) => (isPing(text) ? 'heartbeats' : 'requestBodies'),
}

function isPing(text: string): boolean {
  const value = parse(text)
  return typeof value === 'object' && value !== null && 'type' in value && value.type === 'ping'
}
