/** Checks the error of a lane if a student's server refuses, whose errors have no remedy. */
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { expect, onTestFinished, test } from 'vitest'
import { WebSocketServer } from 'ws'
import { connect, isUp } from '../../conformance/client.ts'
import { until } from '../../until.ts'

test.each(['ws', 'long-poll', 'stream'] as const)(
  'if the server refuses a message over %s, the client reports exactly the sentence of the server',
  async (name) => {
    const server = createServer((request, response) => {
      if (request.method === 'POST') response.writeHead(400).end('{"detail":"Only short words."}')
      else response.flushHeaders()
    })
    new WebSocketServer({ server }).on('connection', (socket) =>
      socket.on('message', () => socket.send('{"type":"error","message":"Only short words."}')),
    )
    await once(server.listen(0), 'listening')
    onTestFinished(() => {
      server.closeAllConnections()
      server.close()
    })
    using client = connect(name, `http://localhost:${(server.address() as AddressInfo).port}`)
    await until('the client is connected', () => isUp(client))
    await expect(client.publish('incomprehensible')).rejects.toThrow(/^Only short words\.$/)
  },
)
