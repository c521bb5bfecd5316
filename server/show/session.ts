/** Exports a whole class: as JSON, which the stage can replay, and as CSV, for a spreadsheet. */
import type { Scene, ShowSession } from '../protocol/show.ts'
import { csv } from './csv.ts'
import { explainedState, seatsFor, seatsIn } from './picture.ts'
import { recordOf, roomOf } from './record.ts'
import type { ShowData } from './record.ts'

/** Returns the class with all scenes that were shown to their end, in the order in which they were shown. */
export function sessionOf(data: ShowData, fourwire: string): ShowSession {
  const { record, scenes } = data
  return {
    format: 'fourwire-show-1',
    fourwire,
    node: process.version,
    room: roomOf(data),
    beganAtMs: record.beganAtMs,
    savedAtMs: Date.now(),
    scenes: record.done
      .flatMap((id) => scenes.find((scene) => scene.id === id) ?? [])
      .map((scene) => ({
        scene,
        settings: recordOf(data, scene.id).settings,
        state: explainedState(data, scene.id),
        seats: seatsIn(data, scene.id),
      })),
    seats: seatsFor(data, () => false, false),
  }
}

const HEAD = [
  'class',
  'scene',
  'question',
  'who',
  'name',
  'answer',
  'votes',
  'right',
  'transport',
  'fell back',
  'p50 ms',
  'messages',
  'bytes per message',
  'lost',
  'doubled',
  'clock bound ms',
  'rate per second',
  'conditions',
  'fourwire',
  'node',
] as const

type Row = Partial<Record<(typeof HEAD)[number], string | number | null>>

/**
 * Returns the class as CSV. In each scene, every seat has a row with its vote and its figures, every lane of the stage
 * has a row, and so has every answer of a show of hands.
 */
export function sessionCsv({ room, fourwire, node, scenes }: ShowSession): string {
  const rows = scenes.flatMap(({ scene, settings, state, seats }) => {
    const { id, question } = scene
    const common: Row = {
      class: room,
      scene: id,
      question,
      'rate per second': settings?.ratePerSecond ?? null,
      conditions: conditionsText(settings?.conditions ?? {}),
      fourwire,
      node,
    }
    const right = (answer: number): string =>
      state.outcome?.right == null ? '' : state.outcome.right === answer ? 'yes' : 'no'
    const bySeat = seats.map(({ seat, name, vote, report, fellBack }): Row => {
      const { transport, p50Ms, n, lost, doubled, boundMs } = report ?? {}
      return {
        ...common,
        who: `seat ${seat}`,
        name,
        answer: vote,
        votes: vote === null ? null : 1,
        right: vote === null ? null : right(indexOf(scene, vote)),
        transport: transport ?? null,
        'fell back': fellBack,
        'p50 ms': p50Ms ?? null,
        messages: n ?? null,
        lost: lost ?? null,
        doubled: doubled ?? null,
        'clock bound ms': boundMs ?? null,
      }
    })
    const byHands = (state.hands ?? []).map((votes, i): Row => {
      return { ...common, who: 'hands', answer: scene.answers[i]?.text ?? '', votes, right: right(i) }
    })
    const byLane = state.measured.map(({ lane, p50Ms, n, bytesPerMessage, lost, doubled }): Row => {
      const figures = { 'p50 ms': p50Ms, messages: n, 'bytes per message': bytesPerMessage, lost, doubled }
      return { ...common, who: 'stage', transport: lane, ...figures }
    })
    return [...bySeat, ...byHands, ...byLane]
  })
  return csv([HEAD, ...rows.map((row) => HEAD.map((name) => row[name] ?? ''))])
}

const indexOf = ({ answers }: Scene, text: string): number => answers.findIndex((answer) => answer.text === text)

/** Returns the conditions that are not neutral, such as `latencyMs=5 firewall=true`. */
const conditionsText = (conditions: object): string =>
  Object.entries(conditions)
    .filter(([, value]) => value !== 0 && value !== false)
    .map(([name, value]) => `${name}=${value}`)
    .join(' ')
