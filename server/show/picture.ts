/** Creates what pages get of the show. An instructor gets more than others. */
import type { Scene, Seat, ShowState, Step } from '../protocol/show.ts'
import { presentScene, recordOf, roomOf, sceneNamed } from './record.ts'
import type { SceneRecord, ShowData } from './record.ts'
import { seatFor, wordsOf } from './seats.ts'
import type { SeatRecord } from './seats.ts'

/** What the state contains in addition to what the show remembers. */
export interface Present {
  readonly here: number
  readonly driver: string | null
  readonly addresses: readonly string[]
}

export function stateOf(data: ShowData, { here, driver, addresses }: Present, forInstructor: boolean): ShowState {
  const { version, scene, step, sinceMs, done, blank, names, address } = data.record
  const own = recordOf(data)
  const isHidden = step === 'predict' && !forInstructor
  return {
    version,
    room: roomOf(data),
    scene,
    step,
    sinceMs,
    done,
    voted: own.votes.size,
    here,
    votes: isHidden ? null : votesFor(presentScene(data), own),
    hands: isHidden ? null : own.hands,
    // A stage that was reloaded in the run goes on with the figures that it has sent.
    measured: step === 'explain' || (step === 'run' && forInstructor) ? own.measured : [],
    outcome: step === 'explain' ? own.outcome : null,
    ...sentenceIn(step, presentScene(data)),
    blank,
    names,
    driver,
    addresses,
    address,
  }
}

/** Returns the state that the stage showed when this scene was explained. */
export function explainedState(data: ShowData, id: string): ShowState {
  const { done } = data.record
  const step: Step = 'explain'
  const then = {
    ...data,
    record: { ...data.record, scene: id, step, done: done.slice(0, done.indexOf(id) + 1), blank: false },
  }
  const here = recordOf(data, id).reports.length
  return stateOf(then, { here, driver: null, addresses: [] }, true)
}

/** Returns the sentence that every page shows in this step. */
function sentenceIn(step: Step, { look, explain }: Scene): Pick<ShowState, 'sentence'> {
  if (step === 'run') return { sentence: look }
  return step === 'explain' ? { sentence: explain } : {}
}

/** Returns the scenes. Others than the instructor get no text that tells the answer before the class has measured it. */
export const scenesFor = (scenes: readonly Scene[], forInstructor: boolean): readonly Scene[] =>
  forInstructor ? scenes : scenes.map((scene) => ({ ...scene, look: '', explain: '', notes: [] }))

/** Returns the seats. Others than the instructor get the names only if the stage shows them. */
export function seatsFor(
  { record, seats }: ShowData,
  isHere: (seat: SeatRecord) => boolean,
  forInstructor: boolean,
): readonly Seat[] {
  return seats.all.map((seat) => seatFor(seat, isHere(seat), forInstructor || (record.names && !seat.muted)))
}

/** Returns the seats with the reports that they sent while this scene ran, and their votes. */
export function seatsIn(data: ShowData, id: string): readonly (Seat & { readonly vote: string | null })[] {
  const { votes, reports } = recordOf(data, id)
  const { answers } = sceneNamed(data.scenes, id)
  const reportedIn = new Map(reports.map((reported) => [reported.seat, reported]))
  return seatsFor(data, ({ seat }) => reportedIn.has(seat), false).map((seat) => ({
    ...seat,
    report: reportedIn.get(seat.seat)?.report ?? null,
    fellBack: wordsOf(seat, reportedIn.get(seat.seat)?.fellBack ?? null),
    vote: answers[votes.get(seat.seat) ?? -1]?.text ?? null,
  }))
}

function votesFor({ answers }: Scene, { votes }: SceneRecord): readonly number[] {
  const all = [...votes.values()]
  return answers.map((_answer, i) => all.filter((vote) => vote === i).length)
}
