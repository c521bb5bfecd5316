import { once } from 'node:events'
import { createServer } from 'node:http'
import { connect } from 'node:net'
import type { AddressInfo } from 'node:net'
import { expect, test } from 'vitest'
import { limitConnections } from '../../server/limits.ts'

test('hangs up on a connection too many, and lets the next in when one has gone', async () => {
  const server = createServer((_request, response) => response.end('ok'))
  limitConnections(server, 2)
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  const ask = async () => {
    const socket = connect(port, '127.0.0.1')
    socket.on('error', () => {})
    socket.write('GET / HTTP/1.1\r\nHost: localhost\r\n\r\n')
    const answered = await Promise.race([
      once(socket, 'data').then(() => true),
      once(socket, 'close').then(() => false),
    ])
    return { socket, answered }
  }
  const [first, second, third] = [await ask(), await ask(), await ask()]
  expect([first, second, third].map(({ answered }) => answered)).toEqual([true, true, false])
  first.socket.destroy()
  await once(first.socket, 'close')
  await new Promise((resolve) => setImmediate(resolve))
  expect((await ask()).answered).toBe(true)
  server.closeAllConnections()
  server.close()
})
