import { once } from 'node:events'
import { connect } from 'node:net'
import { listen, nobodyAt, print, publish, sandbox, wait, yoursIn } from '../kit/looking.ts'
import type { Looks } from '../kit/looking.ts'

export const looks: Looks = {
  /** Two messages in one response. */
  async two() {
    const { opened, ended } = listen('client', `${sandbox}/feed/lesson-5/sse`, 3000)
    await opened
    await publish('lesson-5', 'one')
    await publish('lesson-5', 'two\nlines')
    await ended
  },

  /** The bytes after the head, with the chunk around them. */
  async size() {
    const { hostname, port, host } = new URL(yoursIn(5))
    const socket = connect(Number(port), hostname)
    await once(socket, 'connect').catch(nobodyAt(yoursIn(5)))
    let received = ''
    socket.setEncoding('latin1').on('data', (more: string) => (received += more))
    socket.write(`GET /stream?text=hello HTTP/1.1\r\nHost: ${host}\r\n\r\n`)
    await Promise.race([once(socket, 'close'), wait(1000)])
    socket.destroy()
    print(received.length - received.indexOf('\r\n\r\n') - 4, 'bytes')
  },
}
