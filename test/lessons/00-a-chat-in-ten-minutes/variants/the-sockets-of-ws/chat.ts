/** Uses the set of clients that `ws` keeps itself, and responds to a text that is no message. */
import { createReadStream } from 'node:fs'
import { createServer } from 'node:http'
import { WebSocket, WebSocketServer } from 'ws'
import type { RawData } from 'ws'

const http = createServer()
const chat = new WebSocketServer({ noServer: true })

http.on('request', (request, response) => {
  if (request.url === '/people') response.end(`${chat.clients.size}\n`)
  else
    createReadStream(`${import.meta.dirname}/page.html`)
      .on('error', () => response.end())
      .pipe(response)
})

http.on('upgrade', (request, stream, head) => {
  chat.handleUpgrade(request, stream, head, (socket) => {
    socket.on('error', (error) => console.error(error.message))
    socket.on('message', (data, isBinary) => receive(socket, data, isBinary))
  })
})

http.listen(process.env['PORT'])

function receive(socket: WebSocket, data: RawData, isBinary: boolean): void {
  const said = isBinary ? null : read(data.toString())
  if (!said) return socket.send('{"username":"chat","message":"I did not understand this."}')
  for (const other of chat.clients) if (other.readyState === WebSocket.OPEN) other.send(data, { binary: false })
}

function read(text: string): object | null {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    return null
  }
  const isMessage =
    typeof value === 'object' &&
    value !== null &&
    'username' in value &&
    'message' in value &&
    [value.username, value.message].every((field) => typeof field === 'string')
  return isMessage ? (value as object) : null
}
