/** Loaded before the server's own code: tells on request what keeps the process alive. */
import { subscribe } from 'node:diagnostics_channel'
import type { Server } from 'node:http'
import { here } from './resources.ts'

let server: Server | undefined

subscribe('http.server.request.start', (message) => {
  server = (message as { server: Server }).server
})

process.on('message', () => {
  // What a client's pool keeps for its next request is nothing that was left behind.
  server?.closeIdleConnections()
  process.send?.(here())
})
process.channel?.unref()
