/** A server that answers like an AI chat, and whose bytes the check controls one piece at a time. */
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { ServerResponse } from 'node:http'
import { listen } from '../kit/port.ts'

export interface Chat extends AsyncDisposable {
  readonly url: string
  /** The text that the chat has sent so far, with one piece on each line. Pieces of one byte share a line. */
  readonly sent: string
  /** The first request, when all of it has come. */
  readonly asked: { readonly method: string; readonly type: string; readonly body: string } | null
  /** True when the client has closed the connection, or the server has. */
  readonly isClosed: boolean
  /** Sends the head of the response. Default: 200, an event stream. */
  head(status?: number, contentType?: string): void
  /** Sends each piece with its length, so that the program reads it separately (`asker.ts`). */
  send(...pieces: readonly (string | Uint8Array)[]): Promise<void>
  end(): void
  cut(): void
}

export async function startChat(): Promise<Chat> {
  let response: ServerResponse | null = null
  let isClosed = false
  const lines: string[] = []
  let asked: Chat['asked'] = null
  const server = createServer((request, given) => {
    response ??= given
    let body = ''
    request.setEncoding('utf8').on('data', (more: string) => (body += more))
    request.once(
      'end',
      () => (asked ??= { method: request.method ?? '', type: request.headers['content-type'] ?? '', body }),
    )
    given.once('close', () => (isClosed = true))
  })
  const port = await listen(server)
  return {
    url: `http://127.0.0.1:${port}/v1/chat/completions`,
    get sent() {
      return lines.join('\n')
    },
    get asked() {
      return asked
    },
    get isClosed() {
      return isClosed
    },
    head(status = 200, contentType = 'text/event-stream') {
      lines.push(`HTTP/1.1 ${status}`, '')
      response?.writeHead(status, { 'content-type': contentType }).flushHeaders()
    },
    async send(...pieces) {
      const areBytes = pieces.length > 2 && pieces.every((piece) => piece.length === 1)
      if (areBytes) lines.push(pieces.map((piece) => shownPiece(Buffer.from(piece))).join('|'))
      for (const piece of pieces) {
        const bytes = Buffer.from(piece)
        const length = Buffer.alloc(4)
        length.writeUInt32BE(bytes.length)
        if (!areBytes) lines.push(shownPiece(bytes))
        if (response?.write(Buffer.concat([length, bytes])) === false) await once(response, 'drain')
      }
    },
    end() {
      lines.push('(the response ends)')
      response?.end()
    },
    cut() {
      lines.push('(the connection is cut)')
      response?.destroy()
    },
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      server.close()
    },
  }
}

/** Shows a line feed as ␊ and a carriage return as ␍. Shows each byte of a cut character as ⟨c3⟩. */
function shownPiece(piece: Buffer): string {
  const whole = piece.toString('utf8')
  const text = whole.includes('\ufffd') ? Array.from(piece, shownByte).join('') : whole
  return text.replaceAll('\n', '␊').replaceAll('\r', '␍')
}

const shownByte = (byte: number): string => (byte < 0x80 ? String.fromCharCode(byte) : `⟨${byte.toString(16)}⟩`)
