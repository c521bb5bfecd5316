import type { Split } from '../../protocol/wire.ts'

/** Numbers of bytes that the meter has counted. The sum of all values in `split` is always `up + down`. */
export interface Tally {
  up: number
  down: number
  readonly split: Record<keyof Split, number>
}

export const newTally = (): Tally => ({
  up: 0,
  down: 0,
  split: { requestHeads: 0, requestBodies: 0, responseHeads: 0, framing: 0, payload: 0, empty: 0, heartbeats: 0 },
})

export function add(to: Tally, { up, down, split }: Tally): void {
  to.up += up
  to.down += down
  to.split.requestHeads += split.requestHeads
  to.split.requestBodies += split.requestBodies
  to.split.responseHeads += split.responseHeads
  to.split.framing += split.framing
  to.split.payload += split.payload
  to.split.empty += split.empty
  to.split.heartbeats += split.heartbeats
}

/** Returns a tally with the same numbers of bytes, all counted as empty. */
export const allEmpty = ({ up, down }: Tally): Tally => ({
  up,
  down,
  split: { ...newTally().split, empty: up + down },
})
