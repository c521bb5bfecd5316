/** Writes each field separately, with a comment first, CR LF at the end of each line, and a type for every event. */
import { createServer } from 'node:http'

const server = createServer((request, response) => {
  response.setHeader('Content-Type', 'text/event-stream; charset=utf-8')
  response.setHeader('Cache-Control', 'no-store')
  response.write(': here it comes\r\n\r\n')
  // `new URL` throws for an address such as `//`.
  const searchParams = new URLSearchParams(request.url?.replace(/^[^?]*/, ''))
  for (const [name, text] of searchParams) {
    if (name !== 'text') continue
    response.write('event: message\r\n')
    for (const line of text.replaceAll('\r\n', '\n').replaceAll('\r', '\n').split('\n')) {
      response.write('data: ')
      response.write(line)
      response.write('\r\n')
    }
    response.write('\r\n')
  }
})
server.listen(Number(process.env['PORT']), '127.0.0.1')
