/** Raw clients without lanes. They report when all are connected, and each time that all have received one more message. */
import { once } from 'node:events'
import { connect } from 'node:net'

const [port = 0, sse = 0, ws = 0] = process.argv.slice(2).map(Number)

const HANDSHAKE =
  'Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n'
const MARK = '~'.charCodeAt(0)

let missing = 0

for (let i = 0; i < Math.max(sse, ws); i++) {
  if (i < sse) await open('sse', '', 'id: ')
  if (i < ws) await open('ws', HANDSHAKE, 'connected')
}
missing = sse + ws
process.send?.('ready')

async function open(path: string, more: string, welcome: string): Promise<void> {
  const socket = connect(port, '127.0.0.1')
  socket.write(`GET /feed/lobby/${path} HTTP/1.1\r\nHost: localhost\r\n${more}\r\n`)
  let text = ''
  while (!text.includes(welcome)) text += String((await once(socket, 'data'))[0])
  socket.on('data', (bytes: Buffer) => {
    if (!bytes.includes(MARK)) return
    missing -= 1
    if (missing > 0) return
    missing = sse + ws
    process.send?.('delivered')
  })
}
