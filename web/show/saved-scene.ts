/**
 * Checks a scene of a saved class before the stage draws it. The file may come from anybody: a wrong field would stop the
 * page in the middle of a picture, and a huge list or count would keep the browser busy for minutes.
 */
import type { ShownScene } from '../../server/protocol/show.ts'
import { TRANSPORTS } from '../lane/order.ts'

type Shape = (value: unknown) => boolean

const MOST_CHARACTERS = 2000
/** No class has more seats, votes or hands than this. */
const MOST_PEOPLE = 10_000
const MOST = 1e12

const text: Shape = (value) => typeof value === 'string' && value.length <= MOST_CHARACTERS
const flag: Shape = (value) => typeof value === 'boolean'
const within =
  (from: number, to: number): Shape =>
  (value) =>
    typeof value === 'number' && value >= from && value <= to
const number = within(-MOST, MOST)
const count = within(0, MOST_PEOPLE)
const oneOf =
  (names: readonly string[]): Shape =>
  (value) =>
    typeof value === 'string' && names.includes(value)
const lane = oneOf(TRANSPORTS)
const orNull =
  (is: Shape): Shape =>
  (value) =>
    value === null || is(value)
const optional =
  (is: Shape): Shape =>
  (value) =>
    value === undefined || is(value)
const list =
  (most: number, is: Shape): Shape =>
  (value) =>
    Array.isArray(value) && value.length <= most && value.every(is)
const object =
  (fields: Readonly<Record<string, Shape>>): Shape =>
  (value) =>
    typeof value === 'object' &&
    value !== null &&
    Object.entries(fields).every(([name, is]) => is(Object.hasOwn(value, name) ? Reflect.get(value, name) : undefined))

const FIGURES = ['delay', 'bytes', 'classDelay', 'lost', 'worstQuarter', 'earliest', 'cheapest', 'stopped']

const scene = object({
  id: text,
  title: text,
  question: text,
  answers: list(4, object({ text, value: optional(number), lane: optional(lane) })),
  figure: orNull(object({ of: oneOf(FIGURES), lane: optional(lane) })),
  view: oneOf(['lanes', 'bytes', 'exchange', 'room', 'join']),
  lanes: list(4, lane),
  pollMs: optional(number),
  runS: number,
  look: text,
  explain: text,
})

const figures = {
  p50Ms: orNull(number),
  n: within(0, MOST),
  lost: within(0, MOST),
  doubled: within(0, MOST),
}

const measured = object({
  ...figures,
  lane,
  bytesPerMessage: orNull(number),
  delaysMs: optional(list(1000, number)),
  parts: optional(list(4, number)),
  expected: optional(object({ p50Ms: number, fromMs: number, toMs: number, bytesPerMessage: orNull(number) })),
})

const state = object({
  done: list(100, text),
  voted: count,
  here: count,
  votes: orNull(list(4, count)),
  hands: orNull(list(4, count)),
  measured: list(8, measured),
  outcome: orNull(
    object({
      value: orNull((value) => number(value) || lane(value)),
      right: orNull(within(0, 3)),
      tie: list(8, lane),
    }),
  ),
  addresses: list(100, text),
  address: count,
})

const seat = object({
  seat: number,
  name: text,
  dealt: lane,
  fellBack: orNull(text),
  here: flag,
  muted: flag,
  preflight: list(
    8,
    object({ transport: lane, found: oneOf(['works', 'refused', 'held', 'no answer']), status: optional(number) }),
  ),
  report: orNull(object({ ...figures, transport: lane, boundMs: orNull(number) })),
})

const shown = object({ scene, state, seats: list(MOST_PEOPLE, seat) })

export const isShownScene = (value: unknown): value is ShownScene => shown(value)
