/**
 * An event stream, written by hand (WHATWG HTML, section 9.2): every `text` of the address becomes
 * one event, as in `curl -N 'localhost:4105/stream?text=one&text=two'`.
 */
import { createServer } from 'node:http'

createServer((request, response) => {
  const { searchParams } = new URL(request.url ?? '/', 'http://localhost')

  // Without it an EventSource gives up for good. The encoding is always UTF-8.
  response.writeHead(200, { 'content-type': 'text/event-stream' })

  for (const text of searchParams.getAll('text')) response.write(eventOf(text))

  // No end: an event stream is an answer that goes on.
}).listen(Number(process.env['PORT']), '127.0.0.1')

/** A line of the text that may end in any of the three ways in which a line of the stream can. */
const LINE_END = /\r\n|\n|\r/

/** One event, from its first field to the blank line that sends it off. */
function eventOf(text: string): string {
  // The reader takes one blank off behind the colon: ours, so that it does not take one of the text's.
  const lines = text
    .trim()
    .split(LINE_END)
    .map((line) => `data: ${line}\n`)
  return `${lines.join('')}\n`
}
