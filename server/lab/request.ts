/** Parses the messages from a page to the lab. */
import { FeedError, quote } from '../http/errors.ts'
import type { LabRequest } from '../protocol/lab.ts'
import { readChange, readCut } from './settings.ts'

/** A message to the lab. The show itself parses what the page says to it. */
export type ParsedRequest = LabRequest | { readonly type: 'show'; readonly saying: object }

/** Parses a message. Throws `bad-message` or `bad-settings`. */
export function parseRequest(text: string): ParsedRequest {
  const value = parseJson(text)
  if (typeof value === 'object' && value !== null && 'type' in value) {
    const { type } = value
    if (type === 'clock' && 't0' in value && typeof value.t0 === 'number') return { type, t0: value.t0 }
    if (type === 'settings' && 'settings' in value) return { type, settings: readChange(value.settings) }
    if (type === 'cut') return { type, how: readCut('how' in value ? value.how : undefined) }
    if (type === 'restart') return { type }
    if (type === 'show') return { type, saying: value }
    if (type === 'typing') return { type, on: !('on' in value) || value.on !== false }
    if (type === 'here' && 'userId' in value && isName(value.userId) && 'name' in value && isName(value.name))
      return { type, userId: value.userId.toWellFormed(), name: value.name.toWellFormed() }
    if (type === 'inspect' && 'exchange' in value && typeof value.exchange === 'number')
      return { type, exchange: value.exchange }
    if (type === 'instructor' && 'token' in value && typeof value.token === 'string')
      return { type, token: value.token }
  }
  throw new FeedError(
    'bad-message',
    `${quote(value)} is not a message of the lab.`,
    'Send {"type":"clock","t0":0}, {"type":"settings","settings":{"ratePerSecond":1}}, {"type":"cut","how":"RST"}, {"type":"restart"}, {"type":"inspect","exchange":1}, {"type":"here","userId":"ada","name":"Ada"}, {"type":"typing"} or {"type":"instructor","token":"…"}.',
  )
}

/** Returns true for a valid user name, by the same rule as in the feed. */
const isName = (value: unknown): value is string =>
  typeof value === 'string' && value !== '' && Array.from(value).length <= 64

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    throw new FeedError('bad-message', `${quote(text)} is not valid JSON.`)
  }
}
