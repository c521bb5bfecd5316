/**
 * Writes the head of a request again from the fields that Node has parsed, because Node does not give out the original
 * bytes.
 */
import type { IncomingMessage } from 'node:http'

export type Head = Pick<IncomingMessage, 'method' | 'url' | 'httpVersion' | 'rawHeaders'>

/**
 * Writes a head in the usual form: one space after each colon, and no space at the end of a line. The text is Latin-1.
 */
export function headText({ method = '', url = '', httpVersion, rawHeaders }: Head): string {
  const fields = rawHeaders.map((text, i) => (i % 2 === 0 ? `${text}: ` : `${text}\r\n`))
  return `${method} ${url} HTTP/${httpVersion}\r\n${fields.join('')}\r\n`
}

/** Parses a complete head into the fields that Node would give. */
export function parseHead(head: string): Head {
  const [first = '', ...fields] = head.trimEnd().split('\r\n')
  const [method = '', url = '', version = ''] = first.split(' ')
  return {
    method,
    url,
    httpVersion: version.replace('HTTP/', ''),
    rawHeaders: fields.flatMap((field) => {
      const colon = field.indexOf(':')
      return [field.slice(0, colon), field.slice(colon + 1).trim()]
    }),
  }
}
