/**
 * Stores the bytes of an exchange as parts, in the order in which the bytes crossed the network. A part is a head, a
 * body, a chunk, a frame, dropped bytes, or the end of the connection.
 */
import type { Part } from '../../protocol/wire.ts'

export interface RawPart {
  readonly is: Part['is']
  readonly up: boolean
  /** Time at which the last byte of the part crossed the network. */
  atMs: number
  /** Kept bytes of the part. Only the beginning of a long part is kept. */
  bytes: Buffer
  /** Number of bytes of the part that crossed the network, including the bytes that are not kept. */
  length: number
  /** Length of a frame's head, or of the line that gives a chunk's size; otherwise 0. */
  headLength: number
  /**
   * True if `bytes` were rebuilt from the data that Node has parsed. The length of `bytes` can then differ from the
   * number of bytes that arrived.
   */
  readonly isRebuilt: boolean
  /** Only for dropped bytes: true if they ended with a line break. */
  endsLine: boolean
}

export interface ExchangeParts {
  /** Lists the finished parts in the order of their last bytes, and then the open parts. */
  list(): readonly RawPart[]
  /**
   * Adds bytes to the open part of this kind and direction. Begins a part if no part of this kind and direction is
   * open.
   */
  grow(start: Pick<RawPart, 'is' | 'up'> & Partial<RawPart>, bytes: Buffer, atMs: number, headLength?: number): void
  /** Finishes the open part of this direction. */
  end(up: boolean): void
  /** Adds a finished part and returns it. */
  put(part: Pick<RawPart, 'is' | 'up' | 'atMs'> & Partial<RawPart>): RawPart
  /**
   * Drops the bytes of the oldest finished body, chunk or frame, and keeps only their number. Returns false if there is
   * no finished body, chunk or frame.
   */
  drop(): boolean
  /** Deletes all parts. After `close`, no part is kept. */
  close(): void
}

/**
 * Maximum number of bytes that are kept of one part. The response to a poll with several hundred events is not longer.
 */
const PART_BYTES = 64 * 1024

/**
 * Maximum memory that Node needs for a part in addition to the part's bytes. If this memory were not counted, many tiny
 * frames would use far more memory than the limit allows.
 */
const OVERHEAD_BYTES = 512

const NONE = Buffer.alloc(0)

const LINE_FEED = 0x0a

/**
 * Creates a list of parts. The list calls `kept` with each change of its memory use, in bytes. The memory use includes
 * the overhead of each part.
 */
export function createParts(kept: (bytes: number) => void): ExchangeParts {
  let finished: RawPart[] = []
  let growing: { up: RawPart | null; down: RawPart | null } = { up: null, down: null }
  let isClosed = false

  return {
    list: () => [...finished, growing.up, growing.down].filter((part) => part !== null),
    grow(start, bytes, atMs, headLength = 0) {
      if (isClosed) return
      const direction = directionOf(start.up)
      if (growing[direction]?.is !== start.is) end(start.up)
      const part = growing[direction] ?? newPart({ ...start, atMs })
      if (part.length === 0) kept(OVERHEAD_BYTES)
      growing[direction] = part
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
      finished.push(whole)
      kept(OVERHEAD_BYTES + whole.bytes.length)
      return whole
    },
    drop() {
      const at = finished.findIndex(({ is }) => is === 'body' || is === 'chunk' || is === 'frame')
      const part = finished[at]
      if (!part) return false
      dropAt(part, at)
      return true
    },
    close() {
      for (const { bytes } of this.list()) kept(-OVERHEAD_BYTES - bytes.length)
      finished = []
      growing = { up: null, down: null }
      isClosed = true
    },
  }

  function end(up: boolean): void {
    const part = growing[directionOf(up)]
    growing[directionOf(up)] = null
    if (part) finished.push(part)
  }

  function dropAt({ is, up, atMs, bytes, length }: RawPart, at: number): void {
    kept(-bytes.length)
    const before = droppedBefore(at, up)
    if (before) {
      finished.splice(at, 1)
      kept(-OVERHEAD_BYTES)
    }
    const dropped = before ?? newPart({ is: 'dropped', up, atMs })
    if (!before) finished[at] = dropped
    dropped.length += length
    dropped.atMs = atMs
    // The last two bytes of a chunk are framing, so the chunk's data ends two bytes earlier.
    dropped.endsLine = bytes.length === length && bytes.at(is === 'chunk' ? -3 : -1) === LINE_FEED
  }

  /**
   * Returns the last dropped part before index `at` in this direction. Returns undefined if a kept part lies in
   * between.
   */
  function droppedBefore(at: number, up: boolean): RawPart | undefined {
    for (let i = at - 1; finished[i]?.is === 'dropped'; i--) if (finished[i]?.up === up) return finished[i]
    return undefined
  }
}

const directionOf = (up: boolean): 'up' | 'down' => (up ? 'up' : 'down')

function newPart(part: Pick<RawPart, 'is' | 'up' | 'atMs'> & Partial<RawPart>): RawPart {
  const { bytes = NONE } = part
  return { bytes, length: bytes.length, headLength: 0, isRebuilt: false, endsLine: false, ...part }
}

/** Copies `start` and `more` into new memory. A view of a buffer would keep the whole original buffer in memory. */
function join(start: Buffer, more: Buffer): Buffer {
  const joined = Buffer.allocUnsafeSlow(start.length + more.length)
  start.copy(joined)
  more.copy(joined, start.length)
  return joined
}
