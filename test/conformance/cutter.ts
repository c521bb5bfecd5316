import { createServer, connect } from 'node:net'
import type { AddressInfo, Socket } from 'node:net'

export type SocketCut = 'RST' | 'FIN'

export interface Cutter extends AsyncDisposable {
  readonly origin: string
  /** Number of connections that were cut. */
  readonly cuts: number
}

/** Starts a relay before a port. It cuts the first connection after a number of bytes to the client; later ones pass. */
export async function cutAfter(bytes: number, how: SocketCut, port: number): Promise<Cutter> {
  let cuts = 0
  const open = new Set<Socket>()
  const relay = createServer((down) => {
    const up = connect(port, '127.0.0.1')
    let left = cuts === 0 ? bytes : Infinity
    for (const socket of [down, up]) {
      open.add(socket)
      socket.on('error', () => {})
      socket.on('close', () => {
        open.delete(socket)
        down.destroy()
        up.destroy()
      })
    }
    down.pipe(up)
    up.on('data', (chunk: Buffer) => {
      const pass = chunk.subarray(0, left)
      left -= pass.length
      down.write(pass)
      if (left > 0) return
      cuts += 1
      if (how === 'RST') down.resetAndDestroy()
      else down.end()
      up.destroy()
    })
  })
  await new Promise<void>((resolve) => relay.listen(0, '127.0.0.1', resolve))
  const { port: own } = relay.address() as AddressInfo
  return {
    origin: `http://127.0.0.1:${own}`,
    get cuts() {
      return cuts
    },
    async [Symbol.asyncDispose]() {
      for (const socket of open) socket.destroy()
      await new Promise((resolve) => relay.close(resolve))
    },
  }
}
