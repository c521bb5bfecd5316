import type { Scene, Seat, ShowState } from '../../../server/protocol/show.ts'
import type { TransportName } from '../../../server/protocol/feed.ts'

/** Three scenes of a show, and a spare one. */
export const SCENES: readonly Scene[] = [
  scene({ id: 'join', view: 'join', answers: [], figure: null }),
  scene({ id: 'news' }),
  scene({ id: 'look', answers: [], figure: null }),
  scene({ id: 'spare', spare: true }),
  scene({
    id: 'last',
    figure: { of: 'earliest' },
    answers: [{ text: 'SSE', lane: 'sse' }, { text: 'None of them' }],
  }),
]

export function scene(given: Partial<Scene>): Scene {
  return {
    id: 'news',
    title: `The scene ${given.id ?? 'news'}`,
    question: 'How late is a message?',
    answers: [
      { text: '0.05 s', value: 50 },
      { text: '0.5 s', value: 500 },
      { text: '2.5 s', value: 2500 },
      { text: '5 s', value: 5000 },
    ],
    figure: { of: 'delay', lane: 'short-poll' },
    view: 'lanes',
    lanes: ['short-poll'],
    set: {},
    acts: [],
    runS: 30,
    look: 'Look at this.',
    explain: 'This is why.',
    notes: [],
    minutes: 5,
    ...given,
  }
}

export function stateOf(given: Partial<ShowState> = {}): ShowState {
  return {
    version: 1,
    room: 'class-1',
    scene: 'news',
    step: 'predict',
    sinceMs: 1000,
    done: [],
    voted: 3,
    here: 4,
    votes: null,
    hands: null,
    measured: [],
    outcome: null,
    blank: false,
    names: false,
    driver: null,
    addresses: ['http://192.168.1.20:3000/join'],
    address: 0,
    ...given,
  }
}

/** A seat whose lane is carried by the dealt transport, with a typical delay; null for a seat without a report. */
export function seatOf(seat: number, dealt: TransportName, p50Ms: number | null, given: Partial<Seat> = {}): Seat {
  return {
    seat,
    name: '',
    dealt,
    fellBack: null,
    here: true,
    muted: false,
    preflight: [],
    report: p50Ms === null ? null : { transport: dealt, p50Ms, n: 20, boundMs: 2, lost: 0, doubled: 0 },
    ...given,
  }
}
