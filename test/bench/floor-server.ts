/** Server that only keeps its connections. Its memory is the part of an idle client that belongs to Node's sockets. */
import { createServer } from 'node:net'
import { reportMemory } from './report-memory.ts'

const server = createServer({ allowHalfOpen: true, noDelay: true, keepAlive: true }, (socket) => {
  socket.on('data', () => socket.write('HTTP/1.1 200 OK\r\n\r\n'))
  socket.on('end', () => socket.end())
  socket.on('error', () => socket.destroy())
})
server.listen(0, '127.0.0.1', () => reportMemory(server))
