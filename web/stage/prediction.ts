/** Prediction above the axis and measurement below it, on one scale, for answers that are numbers. */
import type { TransportName } from '../../server/protocol/feed.ts'
import type { Scene, ShowState } from '../../server/protocol/show.ts'
import { classMedian, countsOf, valuesOf } from '../show/votes.ts'
import { blocksPath, stacksOf } from './blocks.ts'
import { figureText } from './figures.ts'
import type { MeasuredFigure, MeasuredSample } from './figures.ts'
import { scaleOf } from './scale.ts'
import { fittingR, hang } from './swarm.ts'
import type { SwarmMark } from './swarm.ts'

/** Everything that the picture shows, in pixels at 1280×720. */
export interface PredictionPicture {
  readonly height: number
  /** True if there is no space for labels at the upper and the lower edge. */
  readonly isLow: boolean
  /** Upper and lower line of the axis. Between them stand the answers. */
  readonly above: number
  readonly below: number
  readonly left: number
  readonly right: number
  readonly answers: readonly PredictedAnswer[]
  readonly said: { readonly x: number; readonly text: string } | null
  readonly marks: readonly SwarmMark<MeasuredSample>[]
  readonly r: number
  readonly measured: { readonly x: number; readonly text: string; readonly lane: TransportName | null } | null
  /** Ends of the range that the model expects. */
  readonly expected: readonly [number, number] | null
}

export interface PredictedAnswer {
  readonly x: number
  readonly width: number
  readonly text: string
  /** Blocks as the data of a path, and the count that stands above them; null while the votes are hidden. */
  readonly blocks: string
  readonly count: number | null
  readonly countY: number
  readonly isRight: boolean
}

const LEFT = 216
const RIGHT = 1188
/** Smallest distance between two answers on a linear axis. */
const APART = 68
/** Height of the row of answers, of a label at the upper or lower edge, and of a count above the blocks. */
const ROW = 38
const FLAG = 42
const COUNT = 28
/** A picture that is lower than this has no labels at its edges. */
const LOW = 230
/** Share of the height at which the axis lies. */
const MIDDLE = 0.55
const LARGEST_R = 8
/** The expected range, if it is a single value, is drawn this wide. */
const SINGLE = 20

/** Draws the question's figure. Returns null if an answer is no number. */
export function drawPrediction(
  { answers, figure }: Pick<Scene, 'answers' | 'figure'>,
  state: Pick<ShowState, 'step' | 'votes' | 'hands' | 'outcome'>,
  found: MeasuredFigure,
  height: number,
): PredictionPicture | null {
  const values = valuesOf(answers)
  if (values === null || figure === null) return null
  const scale = scaleOf(values, LEFT, RIGHT, APART)
  const flag = height < LOW ? 0 : FLAG
  const above = Math.round(height * MIDDLE) - ROW / 2
  const below = above + ROW
  const counts = state.step === 'predict' ? null : countsOf(state)
  const spaces = values.map((value) => spaceAround(value, values, scale.x))
  const isMeasured = state.step === 'run' || state.step === 'explain'
  const value = state.step === 'explain' ? (state.outcome?.value ?? found.value) : found.value
  const median = counts === null ? null : classMedian(values, counts)
  const samples = isMeasured ? found.samples : []
  const xOf = (sample: MeasuredSample): number => scale.x(sample.value)
  const space = height - flag - below - 4
  const places = values.map((at, i) => ({ x: scale.x(at), width: (spaces[i] ?? APART) - 8 }))
  const stacks = stacksOf(counts ?? [], places, above - 4, above - 4 - flag - COUNT)
  const r = samples.length === 1 ? LARGEST_R * 1.5 : fittingR([samples.map(xOf)], LEFT, space, LARGEST_R)
  return {
    height,
    isLow: flag === 0,
    above,
    below,
    left: LEFT,
    right: RIGHT,
    answers: answers.map(({ text }, i) => {
      const width = spaces[i] ?? APART
      const x = scale.x(values[i] ?? 0)
      const count = counts?.[i] ?? null
      const blocks = stacks[i] ?? []
      const top = Math.min(above - 4, ...blocks.map(({ y }) => y))
      return {
        x,
        width,
        text,
        blocks: blocksPath(blocks),
        count,
        countY: top - 7,
        isRight: state.step === 'explain' && state.outcome?.right === i,
      }
    }),
    said: median === null ? null : { x: scale.x(median), text: figureText(figure, median) },
    marks: samples.length === 1 ? lone(samples, xOf, below, r) : hang(samples, xOf, LEFT, below + 6, r).marks,
    r,
    measured:
      isMeasured && typeof value === 'number'
        ? { x: scale.x(value), text: figureText(figure, value), lane: 'lane' in figure ? figure.lane : null }
        : null,
    expected: isMeasured && found.expected ? widened(scale.x(found.expected.from), scale.x(found.expected.to)) : null,
  }
}

/** Returns the space of an answer: up to the middle between it and its neighbours. */
function spaceAround(value: number, values: readonly number[], x: (value: number) => number): number {
  const at = x(value)
  const others = values.filter((other) => other !== value).map((other) => Math.abs(x(other) - at))
  return Math.min(260, ...others)
}

function lone(
  samples: readonly MeasuredSample[],
  x: (sample: MeasuredSample) => number,
  below: number,
  r: number,
): readonly SwarmMark<MeasuredSample>[] {
  return samples.map((of) => ({ of, x: x(of), y: below + 10 + r }))
}

function widened(from: number, to: number): readonly [number, number] {
  const missing = Math.max(0, SINGLE - (to - from)) / 2
  return [from - missing, to + missing]
}
