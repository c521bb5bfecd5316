/**
 * An event stream, written by hand (WHATWG HTML, section 9.2). Every `text` parameter of the address
 * becomes one event, as in `curl -N 'localhost:4105/stream?text=one&text=two'`.
 */
import { createServer } from 'node:http'

createServer((request, response) => {
  const searchParams = new URLSearchParams(request.url?.split('?')[1])

  // TODO 1: which header tells the client that this is an event stream?
  response.writeHead(200, {})

  for (const text of searchParams.getAll('text')) response.write(eventOf(text))

  // TODO 3: what should happen after the last event? Is the next line right?
  response.end()
}).listen(Number(process.env['PORT']), '127.0.0.1')

/** The text of one event, from its first field to the blank line that ends it. */
function eventOf(text: string): string {
  // TODO 2: a text may have several lines, begin with a space, or be empty.
  return text
}
