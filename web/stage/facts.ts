/** Everything that a picture of the stage depends on. The same facts come from the server or from a saved file. */
import type { LaneFigures, Scene, Seat, ShowState } from '../../server/protocol/show.ts'

export interface StageFacts {
  readonly scenes: readonly Scene[]
  readonly scene: Scene
  readonly state: ShowState
  readonly seats: readonly Seat[]
  /** Figures of the lanes in this scene: measured by this page, or as the server keeps them. */
  readonly lanes: readonly LaneFigures[]
  /** Time until the run ends in ms; null if the scene does not run. */
  readonly leftMs: number | null
  /** True if the pictures come from a saved file. */
  readonly isReplay: boolean
}

/**
 * Returns the seats with the names that the stage may show. The stage is a page of the instructor, so it gets all names,
 * but the whole class sees it.
 */
export function shownSeats(seats: readonly Seat[], { names }: Pick<ShowState, 'names'>): readonly Seat[] {
  return seats.map((seat) => (names && !seat.muted ? seat : { ...seat, name: '' }))
}

/** How the picture of a scene and its answers share the space between question and foot, in pixels at 1280×720. */
export interface Layout {
  /** Height of the picture: the lanes, the bytes, the exchange or the class. 0 if there is none in this step. */
  readonly picture: number
  /** Height of the answers with the votes. 0 if there are none in this step. */
  readonly answers: number
  /** Height of one lane's row in the picture. */
  readonly row: number
}

/** Space between the question and the sentence above the foot. */
const SPACE = 454
/** Row of labels above the strips. */
const LABELS = 62
/** Height of a lane's row, for one, two, three and four lanes. */
const ROWS = [130, 92, 66, 56]
/** Height of the answers under a picture that needs most of the space. */
const COMPACT = 96

/** Returns the layout of a scene. A picture that would tell the answer, or needs the whole space, waits for the run. */
export function layoutOf({ view, lanes, answers }: Scene, { step }: Pick<ShowState, 'step'>): Layout {
  const row = ROWS[Math.min(ROWS.length, Math.max(1, lanes.length)) - 1] ?? 64
  if (view === 'join') return { picture: SPACE, answers: 0, row }
  if (view === 'room' || view === 'exchange') {
    if (answers.length > 0 && (step === 'predict' || step === 'closed')) return { picture: 0, answers: SPACE, row }
    const compact = answers.length > 0 && step === 'explain' ? COMPACT : 0
    return { picture: SPACE - compact, answers: compact, row }
  }
  const picture = row * Math.max(1, lanes.length) + (view === 'lanes' ? LABELS : 8)
  return answers.length === 0 ? { picture: SPACE, answers: 0, row } : { picture, answers: SPACE - picture, row }
}
