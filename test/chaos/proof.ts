/** Compares the events that a follower got with the events that the server keeps. */
import type { Cursor } from '../../server/protocol/feed.ts'
import type { Told } from './follower.ts'

/**
 * Checks that a follower got every event once, in order, up to the last kept event. A gap is allowed only
 * at a change of the epoch; no other event may be missing. Returns the flaw, or null if there is none.
 */
export function flawIn(told: readonly Told[], kept: readonly Cursor[]): string | null {
  let at: Position | null = null
  for (const [i, { is, cursor }] of told.entries()) {
    const next = positionOf(cursor)
    if (is === 'gap') {
      if (at?.epoch === next.epoch) return `a gap at ${cursor}, though nothing of this epoch was forgotten (${i})`
    } else if (at && at.epoch !== next.epoch) {
      return `${cursor} of another epoch than the one before, and no gap was told (${i})`
    } else {
      const wanted: number = (at?.seq ?? 0) + 1
      if (next.seq > wanted)
        return `lost ${wanted} to ${next.seq - 1}: ${cursor} came behind ${at?.seq ?? 'nothing'} (${i})`
      if (next.seq < wanted) return `${cursor} came again or late, behind ${at?.seq ?? 'nothing'} (${i})`
    }
    at = next
  }
  const end = kept.at(-1)
  if (end === undefined || at === null) return end === undefined ? null : `nothing came, and ${end} is the last`
  const last = positionOf(end)
  return at.epoch === last.epoch && at.seq === last.seq ? null : `ends at ${at.epoch}.${at.seq} instead of ${end}`
}

interface Position {
  readonly epoch: string
  readonly seq: number
}

function positionOf(cursor: Cursor): Position {
  const dot = cursor.lastIndexOf('.')
  return { epoch: cursor.slice(0, dot), seq: Number(cursor.slice(dot + 1)) }
}
