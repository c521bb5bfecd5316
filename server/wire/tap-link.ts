/* oxlint-disable eslint/no-underscore-dangle -- Node's names of what a stream has to implement. */
/** Tells what goes down over a link: when it is written, and again when the kernel has it, which a cut may come before. */
import type { Link } from './link.ts'
import type { DownTap } from './tap.ts'

export interface DownEnd<Owner> {
  /** Answers whose these are; null where they are nobody's yet. */
  written(bytes: Buffer): Owner | null
  /** The kernel has these. */
  sent(owner: Owner | null, bytes: Buffer): void
  /** And so many, of what was nobody's when it was written. */
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
  /** Written and not yet with the kernel, in order. */
  const queue: Held<Owner>[] = early.length > 0 ? [{ owner: null, isAdopted: false, bytes: early }] : []

  // A link takes all that is written at once.
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
    pass() {},
    listen() {},
    take: () => 0,
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
