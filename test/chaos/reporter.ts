/** Module that is loaded before the server. On request it reports the resources that keep the process alive. */
import { subscribe } from 'node:diagnostics_channel'
import type { Server } from 'node:http'
import { here } from './resources.ts'

let server: Server | undefined

subscribe('http.server.request.start', (message) => {
  server = (message as { server: Server }).server
})

process.on('message', () => {
  // Connections that a client's pool keeps for the next request are not leaks.
  server?.closeIdleConnections()
  process.send?.(here())
})
process.channel?.unref()
