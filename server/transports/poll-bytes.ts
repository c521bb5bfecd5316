/** Makes the bytes of a response to a repeated poll (repeated-polls.ts). */
import type { Server } from 'node:http'
import { JSON_TYPE } from './encoding.ts'

/**
 * Returns the bytes of a response: 200 with this JSON, or 204 if the JSON is null. `fields`: the fields that do not
 * depend on the body, the time or the connection. `isLast`: true if the connection closes after the response.
 */
export type PollBytes = (fields: string, json: Buffer | null, isLast: boolean) => Buffer

/**
 * Returns a function that makes the bytes of a response, the same bytes as Node and Fastify. Most successive calls are
 * for clients that wait for the same events, so the function keeps its latest result.
 */
export function createPollBytes(server: Pick<Server, 'keepAliveTimeout'>): PollBytes {
  let latest = { fields: '', json: null as Buffer | null, isLast: false, second: 0, bytes: NONE }
  let date = ''

  return (fields, json, isLast) => {
    const second = Math.floor(Date.now() / 1000)
    if (second !== latest.second) date = new Date(second * 1000).toUTCString()
    else if (json === latest.json && isLast === latest.isLast && fields === latest.fields) return latest.bytes
    const keepsFor = Math.floor(server.keepAliveTimeout / 1000)
    const head = [
      json ? 'HTTP/1.1 200 OK\r\n' : 'HTTP/1.1 204 No Content\r\n',
      fields,
      json ? `content-type: ${JSON_TYPE}\r\n` : '',
      isLast ? 'connection: close\r\n' : '',
      json ? `content-length: ${json.length}\r\n` : '',
      `Date: ${date}\r\n`,
      isLast ? '' : `Connection: keep-alive\r\nKeep-Alive: timeout=${keepsFor}\r\n`,
      '\r\n',
    ].join('')
    latest = { fields, json, isLast, second, bytes: Buffer.concat([Buffer.from(head, 'latin1'), json ?? NONE]) }
    return latest.bytes
  }
}

const NONE = Buffer.alloc(0)
