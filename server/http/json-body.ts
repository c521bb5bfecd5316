/** Reads request bodies. It accepts only JSON in UTF-8 (RFC 8259, section 8.1) without a content coding. */
import type { FastifyRequest } from 'fastify'
import { FeedError, quote } from './errors.ts'
import type { App } from './app-type.ts'

/**
 * Makes `application/json` the only content type that the server accepts. Throws `bad-json` (400) if the bytes of a
 * body are not UTF-8, `wrong-type` (415) if the content type names another charset, and `coded-body` (415) if the body
 * has a content coding. Ignores a byte order mark at the start of a body, because Windows programs send one.
 */
export function readJsonBodies(app: App): void {
  // The server must not accept text/plain, because a page can send it to another site without a preflight. Before a
  // page sends application/json to another site, the browser sends a preflight.
  app.removeAllContentTypeParsers()
  const parse = app.getDefaultJsonParser('error', 'error')
  app.addContentTypeParser('application/json', { parseAs: 'buffer' }, (request, bytes, done) => {
    checkCharset(request)
    parse(request, decode(Buffer.from(bytes)), done)
  })
  app.addHook('preParsing', ({ headers }, _reply, _payload, done) => {
    const coding = headers['content-encoding'] ?? ''
    const hasBody = headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > 0
    if (hasBody && !/^(?:identity)?$/i.test(coding))
      throw new FeedError('coded-body', `Content-Encoding is ${quote(coding)}.`)
    done()
  })
}

/**
 * Refuses every charset except UTF-8. RFC 8259 defines no charset for `application/json`, but many clients name UTF-8.
 */
function checkCharset({ headers: { 'content-type': type = '' } }: FastifyRequest): void {
  const [, charset] = /;\s*charset\s*=\s*"?([^\s";]*)/i.exec(type) ?? []
  if (charset !== undefined && !/^utf-?8$/i.test(charset))
    throw new FeedError(
      'wrong-type',
      `The charset is ${quote(charset)}, but JSON must be UTF-8.`,
      `Send the body in UTF-8.`,
    )
}

const UTF8 = new TextDecoder('utf-8', { fatal: true })

function decode(bytes: Buffer): string {
  // JSON in UTF-8 contains no NUL bytes. JSON in UTF-16 contains many NUL bytes, and much of it is valid UTF-8 by
  // accident.
  if (bytes.includes(0))
    throw new FeedError('bad-json', 'The body contains NUL bytes. UTF-8 text has none; UTF-16 text does.', UTF8_REMEDY)
  try {
    return UTF8.decode(bytes)
  } catch {
    throw new FeedError('bad-json', 'The body is not UTF-8.', UTF8_REMEDY)
  }
}

const UTF8_REMEDY =
  'Encode the body as UTF-8 (RFC 8259, section 8.1). A shell on Windows may use another encoding: save the body as a file in UTF-8, and send it with curl --data-binary @FILE.'
