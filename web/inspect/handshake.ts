/** Explains how the server's accept value follows from the client's key (RFC 6455, section 4.2.2), and checks it. */
import type { Handshake } from '../../server/protocol/wire.ts'
import { shownHex } from './bytes.ts'
import { line } from './line.ts'
import type { InspectorLine } from './line.ts'

/** Returns the lines of the calculation. `sent` is the value of sec-websocket-accept in the server's response. */
export function handshakeLines(
  { key, guid, sha1, accept }: Handshake,
  sent: string | undefined,
): readonly InspectorLine[] {
  const base64 = btoa(String.fromCharCode(...shownHex(sha1).bytes))
  return [
    line(key, 'the client’s sec-websocket-key'),
    line(`+ ${guid}`, 'a constant of the standard; only a server that knows WebSocket appends it'),
    line(`${key}${guid}`, 'the key and the constant as one text'),
    line(sha1.match(/../g)?.join(' ') ?? '', 'the SHA-1 hash of this text, 20 bytes'),
    line(base64, 'the hash in Base64', 'meant'),
    line(sent ?? '–', verdict(base64 === accept ? base64 : accept, sent), 'meant'),
  ]
}

function verdict(accept: string, sent: string | undefined): string {
  if (sent === undefined) return 'the server sent no sec-websocket-accept, so a client must end the connection'
  if (sent === accept) return 'the value that the server sent: equal'
  return 'the value that the server sent: not equal, so a client must end the connection'
}
