/** What a page says over the lab's WebSocket. */
import { FeedError, quote } from '../errors.ts'
import type { LabRequest } from '../protocol.ts'
import { readChange, readCut } from './settings.ts'

/** Throws `bad-message` or `bad-settings`. */
export function parseRequest(text: string): LabRequest {
  const value = parseJson(text)
  if (typeof value === 'object' && value !== null && 'type' in value) {
    const { type } = value
    if (type === 'clock' && 't0' in value && typeof value.t0 === 'number') return { type, t0: value.t0 }
    if (type === 'settings' && 'settings' in value) return { type, settings: readChange(value.settings) }
    if (type === 'cut') return { type, how: readCut('how' in value ? value.how : undefined) }
    if (type === 'restart') return { type }
    if (type === 'instructor' && 'token' in value && typeof value.token === 'string')
      return { type, token: value.token }
    if (type === 'inspect' && 'exchange' in value && typeof value.exchange === 'number')
      return { type, exchange: value.exchange }
  }
  throw new FeedError(
    'bad-message',
    `${quote(value)} is no message of the lab.`,
    'Send {"type":"clock","t0":0}, {"type":"settings","settings":{"ratePerSecond":1}}, {"type":"cut","how":"RST"}, {"type":"restart"}, {"type":"instructor","token":"…"} or {"type":"inspect","exchange":1}.',
  )
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    throw new FeedError('bad-message', `${quote(text)} is no JSON.`)
  }
}
