/**
 * An event stream, written by hand (WHATWG HTML, section 9.2). Every `text` parameter of the address
 * becomes one event, as in `curl -N 'localhost:4105/stream?text=one&text=two'`.
 */
import { createServer } from 'node:http'

createServer((request, response) => {
  const searchParams = new URLSearchParams(request.url?.split('?')[1])

  // Without this type, an EventSource gives up for ever. The encoding is always UTF-8.
  response.writeHead(200, { 'content-type': 'text/event-stream' })

  for (const text of searchParams.getAll('text')) response.write(eventOf(text))

  // No `response.end()`: the response of an event stream does not end.
}).listen(Number(process.env['PORT']), '127.0.0.1')

/** The three line ends that an event stream knows. A line of the text can end with any of them. */
const LINE_END = /\r\n|\n|\r/

/** The text of one event, from its first field to the blank line that ends it. */
function eventOf(text: string): string {
  // The client removes one space after the colon. We write one, so that it does not remove a space of the text.
  const lines = text.split(LINE_END).map((line) => `data: ${line}\n`)
  return `${lines.join('')}\n`
}
