import { bandwidth } from './bandwidth.ts'

/**
 * The client's application takes so many bytes a second from its socket and no more: what has come
 * waits until all before it is read. Down only: its own requests leave at once.
 *
 * Models a client that cannot keep up. Its receive window fills, then the server's send buffer (both
 * are the pipe's capacity here), and then the server itself has to wait, or it hoards. Each
 * connection is read at this rate, whatever the others bring. Does not model an application that
 * stops and then reads all at once, nor a window that grows while it is in use, nor the probes that
 * TCP sends to a window that is shut.
 */
export const slowReader = bandwidth
