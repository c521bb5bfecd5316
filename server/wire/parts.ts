/** The bytes of an exchange as they crossed, part by part: a head, a body, a chunk or a frame each. */
import type { Part } from '../protocol.ts'

export interface RawPart {
  readonly is: Part['is']
  readonly up: boolean
  /** When the last of its bytes crossed. */
  atMs: number
  /** What is kept of it: where it is too long, its beginning. */
  bytes: Buffer
  /** All that crossed. */
  length: number
  /** So many of them are the line with a chunk's size, or a frame's head. */
  headLength: number
  /** Node has read it and told what stood in it: written anew, it may be of another length than what came. */
  readonly isRebuilt: boolean
  /** Of what was dropped: was a line over there? */
  endsLine: boolean
}

export interface Parts {
  /** Those that are over, in the order of their last bytes, and behind them those that are not. */
  list(): readonly RawPart[]
  /** A part grows by these bytes; it begins where none of its kind is growing in this direction. */
  grow(what: Pick<RawPart, 'is' | 'up'> & Partial<RawPart>, bytes: Buffer, atMs: number, headLength?: number): void
  /** The one that is growing is over. */
  end(up: boolean): void
  put(part: Pick<RawPart, 'is' | 'up' | 'atMs'> & Partial<RawPart>): RawPart
  /** Drops the oldest that is no head, and leaves its number of bytes in its place. False: there is none. */
  drop(): boolean
  /** Forgets them all, and keeps nothing from now on. */
  close(): void
}

/** Of one part: a poll's answer with some hundred events. */
const PART_BYTES = 64 * 1024

/** What Node needs for a part beside its bytes, generously: else a flood of tiny frames would take a multiple of what is counted. */
const OVERHEAD_BYTES = 512

const NONE = Buffer.alloc(0)

const LINE_FEED = 0x0a

/** `kept`: so many bytes more are kept than before, with what each part takes by itself. */
export function createParts(kept: (bytes: number) => void): Parts {
  let over: RawPart[] = []
  let growing: { up: RawPart | null; down: RawPart | null } = { up: null, down: null }
  let isClosed = false

  return {
    list: () => [...over, growing.up, growing.down].filter((part) => part !== null),
    grow(what, bytes, atMs, headLength = 0) {
      if (isClosed) return
      if (growing[way(what.up)]?.is !== what.is) end(what.up)
      const part = growing[way(what.up)] ?? newPart({ ...what, atMs })
      if (part.length === 0) kept(OVERHEAD_BYTES)
      growing[way(what.up)] = part
      const more = bytes.subarray(0, PART_BYTES - part.bytes.length)
      part.bytes = join(part.bytes, more)
      part.length += bytes.length
      part.headLength += headLength
      part.atMs = atMs
      kept(more.length)
    },
    end,
    put(part) {
      const whole = newPart(part)
      if (isClosed) return whole
      over.push(whole)
      kept(OVERHEAD_BYTES + whole.bytes.length)
      return whole
    },
    drop() {
      const at = over.findIndex(({ is }) => is === 'body' || is === 'chunk' || is === 'frame')
      const part = over[at]
      if (!part) return false
      dropAt(part, at)
      return true
    },
    close() {
      for (const { bytes } of this.list()) kept(-OVERHEAD_BYTES - bytes.length)
      over = []
      growing = { up: null, down: null }
      isClosed = true
    },
  }

  function end(up: boolean): void {
    const part = growing[way(up)]
    growing[way(up)] = null
    if (part) over.push(part)
  }

  function dropAt({ is, up, atMs, bytes, length }: RawPart, at: number): void {
    kept(-bytes.length)
    const before = droppedBefore(at, up)
    if (before) {
      over.splice(at, 1)
      kept(-OVERHEAD_BYTES)
    }
    const dropped = before ?? newPart({ is: 'dropped', up, atMs })
    if (!before) over[at] = dropped
    dropped.length += length
    dropped.atMs = atMs
    // The data of a chunk has a line break behind it that is not its own.
    dropped.endsLine = bytes.length === length && bytes.at(is === 'chunk' ? -3 : -1) === LINE_FEED
  }

  /** What was dropped before it, in the same direction, with nothing kept between. */
  function droppedBefore(at: number, up: boolean): RawPart | undefined {
    for (let i = at - 1; over[i]?.is === 'dropped'; i--) if (over[i]?.up === up) return over[i]
    return undefined
  }
}

const way = (up: boolean): 'up' | 'down' => (up ? 'up' : 'down')

function newPart(part: Pick<RawPart, 'is' | 'up' | 'atMs'> & Partial<RawPart>): RawPart {
  const { bytes = NONE } = part
  return { bytes, length: bytes.length, headLength: 0, isRebuilt: false, endsLine: false, ...part }
}

/** A copy in memory of its own: a view would keep all of what it is a part of. */
function join(some: Buffer, more: Buffer): Buffer {
  const joined = Buffer.allocUnsafeSlow(some.length + more.length)
  some.copy(joined)
  more.copy(joined, some.length)
  return joined
}
