/** Requests and responses, one after the other, over a connection that is kept open. */
import type { HttpExchange } from './http.ts'
import { createHttp1Exchange } from './http1.ts'
import { createHttp2Exchange } from './http2.ts'
import type { Connecting } from './socket.ts'

export const createExchange = (connecting: Connecting = {}): HttpExchange =>
  connecting.isHttp2 ? createHttp2Exchange(connecting) : createHttp1Exchange(connecting)
