/* oxlint-disable eslint/no-underscore-dangle -- Node's names for the methods that a stream implements. */
/**
 * Reports the bytes that the server sends over a link twice: when the server writes them, and when the kernel has taken
 * them. If the link is cut before the kernel has taken the bytes, the second report never comes.
 */
import type { Link } from '../bend/link.ts'
import type { DownTap } from './tap.ts'

export interface DownEnd<Owner> {
  /** Called with bytes that the server writes. Returns the owner of these bytes; null if they have no owner yet. */
  written(bytes: Buffer): Owner | null
  /** Called with bytes that the kernel has taken. */
  sent(owner: Owner | null, bytes: Buffer): void
  /** Called instead of `sent` for bytes that had no owner when the server wrote them. */
  adopted(owner: Owner, bytes: number): void
}

interface Held<Owner> {
  owner: Owner | null
  isAdopted: boolean
  bytes: Buffer
}

export function tapLink<Owner>(link: Link, end: DownEnd<Owner>): DownTap<Owner> {
  const { _write: write, _writev: writev } = link
  const early = Buffer.alloc(link.takenBytes - link.sentBytes)
  /** Bytes that the server has written and the kernel has not taken, in order. */
  const queue: Held<Owner>[] = early.length > 0 ? [{ owner: null, isAdopted: false, bytes: early }] : []

  // A link accepts every write immediately, so the tap can queue the bytes before it passes the write on.
  link._write = (bytes, encoding, done) => {
    take(bytes)
    write.call(link, bytes, encoding, done)
  }
  link._writev = (chunks, done) => {
    for (const { chunk } of chunks) take(chunk)
    writev.call(link, chunks, done)
  }
  link.onSent(sent)

  return {
    countOnly() {},
    report() {},
    takeUnread: () => 0,
    holds: (owner) => queue.some((held) => held.owner === owner),
    adopt(owner) {
      const adopted = queue.filter((held) => held.owner === null)
      for (const held of adopted) Object.assign(held, { owner, isAdopted: true })
      return adopted.reduce((sum, { bytes }) => sum + bytes.length, 0)
    },
  }

  function take(bytes: Buffer): void {
    if (bytes.length > 0) queue.push({ owner: end.written(bytes), isAdopted: false, bytes })
  }

  function sent(length: number): void {
    for (let left = length; left > 0;) {
      const [first] = queue
      if (!first) return
      const { owner, isAdopted } = first
      const bytes = first.bytes.subarray(0, left)
      first.bytes = first.bytes.subarray(bytes.length)
      if (first.bytes.length === 0) queue.shift()
      left -= bytes.length
      if (owner !== null && isAdopted) end.adopted(owner, bytes.length)
      else end.sent(owner, bytes)
    }
  }
}
