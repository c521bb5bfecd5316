/** Relay between a client and the server, which can break a connection at any byte. */
import { connect, createServer } from 'node:net'
import type { AddressInfo, Socket } from 'node:net'
import type { Cut } from '../../server/protocol/lab.ts'

export interface Road extends AsyncDisposable {
  readonly origin: string
  /** Breaks each open connection after `afterBytes` more bytes from the server. */
  break(how: Cut, afterBytes: number): void
  /** Stops reading on each open connection, for `forMs` or until the returned function is called. */
  stall(forMs?: number): () => void
}

interface Passage {
  readonly down: Socket
  readonly up: Socket
  how: Cut
  leftBytes: number
  /** True in a black hole: no byte passes, and neither end notices. */
  isSilent: boolean
}

/** Duration of a black hole. After it the sender gets a reset, as after a phone has got a new address. */
const SILENT_MS = 1000

export async function openRoad(port: number): Promise<Road> {
  const passages = new Set<Passage>()
  const timers = new Set<ReturnType<typeof setTimeout>>()
  const relay = createServer({ noDelay: true }, pass)
  await new Promise<void>((resolve) => relay.listen(0, '127.0.0.1', resolve))
  const { port: own } = relay.address() as AddressInfo

  return {
    origin: `http://127.0.0.1:${own}`,
    break(how, afterBytes) {
      for (const passage of passages) {
        passage.how = how
        passage.leftBytes = afterBytes
        if (afterBytes === 0) cut(passage)
      }
    },
    stall(forMs) {
      const stalled = Array.from(passages, ({ up }) => up)
      const release = (): void => {
        for (const up of stalled) up.resume()
      }
      for (const up of stalled) up.pause()
      if (forMs !== undefined) after(forMs, release)
      return release
    },
    async [Symbol.asyncDispose]() {
      for (const timer of timers) clearTimeout(timer)
      for (const { down, up } of passages) {
        down.destroy()
        up.destroy()
      }
      await new Promise((resolve) => relay.close(resolve))
    },
  }

  function pass(down: Socket): void {
    const up = connect({ port, host: '127.0.0.1', noDelay: true })
    const passage: Passage = { down, up, how: 'RST', leftBytes: Infinity, isSilent: false }
    passages.add(passage)
    down.on('data', (bytes) => {
      if (!passage.isSilent) up.write(bytes)
    })
    up.on('data', (bytes: Buffer) => send(passage, bytes))
    for (const [socket, other] of [
      [down, up],
      [up, down],
    ] as const) {
      socket.on('error', () => {})
      socket.on('end', () => passage.isSilent || other.end())
      socket.on('close', () => {
        if (passage.isSilent) return
        passages.delete(passage)
        other.destroy()
      })
    }
  }

  function send(passage: Passage, bytes: Buffer): void {
    if (passage.isSilent) return
    const some = bytes.subarray(0, passage.leftBytes)
    passage.leftBytes -= some.length
    if (!passage.down.write(some)) {
      passage.up.pause()
      passage.down.once('drain', () => passage.up.resume())
    }
    if (passage.leftBytes === 0) cut(passage)
  }

  function cut(passage: Passage): void {
    const { down, up, how } = passage
    if (how === 'black hole') {
      passage.isSilent = true
      after(SILENT_MS, () => {
        passages.delete(passage)
        down.resetAndDestroy()
        up.resetAndDestroy()
      })
    } else if (how === 'FIN') {
      down.end()
      up.end()
    } else {
      down.resetAndDestroy()
      up.resetAndDestroy()
    }
  }

  function after(ms: number, act: () => void): void {
    const timer = setTimeout(() => {
      timers.delete(timer)
      act()
    }, ms)
    timers.add(timer)
  }
}
