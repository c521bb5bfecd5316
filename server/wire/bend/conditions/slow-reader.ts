import { bandwidth } from './bandwidth.ts'

/**
 * Limits the rate at which the client's application reads from its socket. Applies to responses only; requests leave
 * at once.
 *
 * Models a client that cannot keep up. First its receive window fills, then the server's send buffer; here the
 * capacity of the pipe stands for both. After that the server has to wait or to buffer. Each connection gets the full
 * rate. Does not model an application that stops and then reads everything at once, a window that grows, or the
 * probes that TCP sends to a closed window.
 */
export const slowReader = bandwidth
