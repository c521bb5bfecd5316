/** The way from a client to the server, which can be broken at any byte. */
import { connect, createServer } from 'node:net'
import type { AddressInfo, Socket } from 'node:net'
import type { Cut } from '../../server/protocol.ts'

export interface Road extends AsyncDisposable {
  readonly origin: string
  /** Breaks each connection that is open now, when so many more bytes have come down it; if ever. */
  break(how: Cut, afterBytes: number): void
  /** The client reads nothing for so long, on each connection that is open now. */
  stall(forMs: number): void
}

interface Passage {
  readonly down: Socket
  readonly up: Socket
  how: Cut
  leftBytes: number
  /** Neither end hears of the other any more, and neither is told. */
  isSilent: boolean
}

/** How long a black hole lasts: then who sends into it is told by a reset, as a phone is that has a new address. */
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
      for (const { up } of passages) {
        up.pause()
        after(forMs, () => up.resume())
      }
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
