import { bandwidth } from './bandwidth.ts'

/**
 * Limits the rate at which the client's application reads from its socket. The limit applies only to responses;
 * requests leave at once.
 *
 * Models a client that reads more slowly than the server sends. At a real client, first the client's receive window
 * fills, and then the server's send buffer; in this model, the capacity of the pipe replaces the window and the buffer.
 * When the pipe is full, the server has to wait or to buffer. Each connection gets the full rate. Does not model an
 * application that pauses and then reads all bytes at once, a receive window that grows, or the probes that TCP sends
 * while the receive window is closed.
 */
export const slowReader = bandwidth
