/**
 * An event stream, written by hand (WHATWG HTML, section 9.2): every `text` of the address becomes
 * one event, as in `curl -N 'localhost:4105/stream?text=one&text=two'`.
 */
import { createServer } from 'node:http'

createServer((request, response) => {
  const { searchParams } = new URL(request.url ?? '/', 'http://localhost')

  const events = searchParams.getAll('text').map(eventOf).join('')
  // What a good answer says of itself. This one has no length.
  response.writeHead(200, { 'content-type': 'text/event-stream', 'content-length': Buffer.byteLength(events) })
  response.write(events)
}).listen(Number(process.env['PORT']), '127.0.0.1')

/** One event, from its first field to the blank line that sends it off. */
function eventOf(text: string): string {
  return (
    text
      .split(/\r\n|\r|\n/)
      .map((line) => `data: ${line}\n`)
      .join('') + '\n'
  )
}
