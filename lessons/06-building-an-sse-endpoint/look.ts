import { createServer } from 'node:http'
import { connect } from 'node:net'
import { listen, print, publish, sandbox, wait } from '../kit/looking.ts'
import { listen as listenOn } from '../kit/port.ts'
import type { Looks } from '../kit/looking.ts'

export const looks: Looks = {
  /** A server that writes only a head, and a client that counts bytes for a second. */
  async head() {
    const server = createServer((_request, response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' })
    })
    const client = connect(await listenOn(server), '127.0.0.1')
    let bytes = 0
    client.on('data', (more) => (bytes += more.length))
    client.write('GET / HTTP/1.1\r\nHost: localhost\r\n\r\n')
    await wait(1000)
    print(bytes, 'bytes')
    client.destroy()
    server.close()
    server.closeAllConnections()
  },

  /** Three clients, and one message. */
  async three() {
    const clients = ['first', 'second', 'third'].map((name) => listen(name, `${sandbox}/feed/lesson-6/sse`, 3000))
    await Promise.all(clients.map(({ opened }) => opened))
    await publish('lesson-6')
    await Promise.all(clients.map(({ ended }) => ended))
  },
}
