/**
 * Checks the head of a request before the access check runs. RFC 9110 and RFC 9112 require these checks, but Node does
 * not make them.
 */
import type { IncomingMessage } from 'node:http'
import { nameOf } from './origin.ts'
import { FeedError, quote } from './errors.ts'

type Head = Pick<IncomingMessage, 'httpVersion' | 'rawHeaders' | 'url'>

/**
 * Throws `bad-request` (400) for a target with a fragment, and for a Host field that is missing, repeated or invalid.
 * Throws `wrong-version` (505) for any HTTP version other than 1.0 and 1.1, `unmet-expectation` (417) for any
 * expectation other than 100-continue, and `not-implemented` (501) for any transfer coding other than chunked.
 */
export function checkHead({ httpVersion, rawHeaders, url = '' }: Head): void {
  const names = rawHeaders.map((text, i) => (i % 2 === 0 ? text.toLowerCase() : ''))
  const fields = (name: string): string[] =>
    names.includes(name) ? rawHeaders.filter((_, i) => names[i - 1] === name) : []
  const isCurrent = httpVersion === '1.1'
  if (httpVersion === '') throw new FeedError('bad-request', 'The request is not HTTP.')
  if (!isCurrent && httpVersion !== '1.0') throw new FeedError('wrong-version', `The request uses HTTP/${httpVersion}.`)

  // RFC 9112, section 3.2, allows no fragment in the target. The router would read the fragment as part of the query,
  // but the server's checks of the query would not.
  if (url.includes('#'))
    throw new FeedError(
      'bad-request',
      `The target of the request is ${quote(url)}, which contains "#".`,
      'Omit "#" and everything after it, or write "#" as %23.',
    )

  const hosts = fields('host')
  const [host] = hosts
  if (hosts.length > 1)
    throw new FeedError('bad-request', `The request has ${hosts.length} Host fields: ${quote(hosts)}.`, ONE_HOST)
  if (host === undefined && isCurrent) throw new FeedError('bad-request', 'The request has no Host field.', ONE_HOST)
  if (host && nameOf(host) === '')
    throw new FeedError('bad-request', `The Host field is ${quote(host)}, which is not a host.`, ONE_HOST)

  // HTTP/1.0 has no expectations, so a server must ignore the Expect field of an HTTP/1.0 request (RFC 9110, section
  // 10.1.1).
  const expectation = isCurrent ? fields('expect').find((text) => text.toLowerCase() !== '100-continue') : undefined
  if (expectation !== undefined) throw new FeedError('unmet-expectation', `The Expect field is ${quote(expectation)}.`)

  const coding = fields('transfer-encoding').find((text) => text.toLowerCase() !== 'chunked')
  if (coding !== undefined) throw new FeedError('not-implemented', `Transfer-Encoding is ${quote(coding)}.`)
}

const ONE_HOST = 'Send one Host field with the name and the port that you connect to, such as "Host: localhost:3000".'
