/** The head of a request as Node tells of it: it reads the bytes itself, and shows them to nobody. */
import type { IncomingMessage } from 'node:http'

export type Head = Pick<IncomingMessage, 'method' | 'url' | 'httpVersion' | 'rawHeaders'>

/** As everybody writes it: one blank behind each colon, none at the end of a line. In Latin-1. */
export function headText({ method = '', url = '', httpVersion, rawHeaders }: Head): string {
  const fields = rawHeaders.map((text, i) => (i % 2 === 0 ? `${text}: ` : `${text}\r\n`))
  return `${method} ${url} HTTP/${httpVersion}\r\n${fields.join('')}\r\n`
}

/** The length of that text, without making it. */
export function headLength({ method = '', url = '', httpVersion, rawHeaders }: Head): number {
  const first = `${method} ${url} HTTP/${httpVersion}\r\n`.length
  // A name and its colon and blank, a value and its line break: two bytes more than each has.
  return rawHeaders.reduce((length, text) => length + text.length + 2, first) + '\r\n'.length
}

/** What Node would have read in a whole head. */
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
