/** Votes as blocks that can be counted. All answers of a question have blocks of one size, so their heights compare. */

export interface VoteBlock {
  readonly x: number
  readonly y: number
  readonly width: number
  readonly height: number
}

/** Place of an answer's blocks: their middle, and the width that they may have. */
export interface StackPlace {
  readonly x: number
  readonly width: number
}

/** Widest block, and highest and lowest row of blocks with the gap above it. Lower blocks could not be counted. */
const WIDEST = 34
const HIGHEST = 20
const LOWEST = 5
/** Narrowest block, and the gap between two columns. */
const NARROWEST = 5
const GAP = 3
/** Share of a row that its block fills. */
const FILLED = 0.74

/**
 * Stacks blocks above `bottom`, at each place. If the greatest count does not fit into one column, every answer gets the
 * same number of columns.
 */
export function stacksOf(
  counts: readonly number[],
  places: readonly StackPlace[],
  bottom: number,
  height: number,
): readonly (readonly VoteBlock[])[] {
  const most = Math.max(1, ...counts)
  const narrowest = Math.min(...places.map(({ width }) => width))
  const fitting = Math.ceil(most / Math.max(1, Math.floor(height / LOWEST)))
  const columns = Math.max(1, Math.min(fitting, Math.floor((narrowest + GAP) / (NARROWEST + GAP))))
  const pitch = Math.min(HIGHEST, height / Math.ceil(most / columns))
  const width = Math.min(WIDEST, (narrowest + GAP) / columns - GAP)
  return places.map(({ x }, k) => {
    const left = x - (columns * (width + GAP) - GAP) / 2
    return Array.from({ length: counts[k] ?? 0 }, (_, i) => ({
      x: left + (i % columns) * (width + GAP),
      y: bottom - (Math.floor(i / columns) + 1) * pitch,
      width,
      height: pitch * FILLED,
    }))
  })
}

/** Returns the blocks as the data of one SVG path. */
export function blocksPath(blocks: readonly VoteBlock[]): string {
  return blocks
    .map(
      ({ x, y, width, height }) =>
        `M${x.toFixed(1)} ${y.toFixed(1)}h${width.toFixed(1)}v${height.toFixed(1)}h${(-width).toFixed(1)}Z`,
    )
    .join('')
}
