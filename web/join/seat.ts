/**
 * State of the page `/join`: one seat of the class, with its vote and its one lane. The page draws this state and calls
 * its acts.
 */
import type { TransportName } from '../../server/protocol/feed.ts'
import type { Scene, Seat, SeatReport, ShowMessage, ShowState } from '../../server/protocol/show.ts'
import { preflight } from '../lab/preflight.ts'
import type { Between } from '../lab/preflight.ts'
import type { Lane } from '../lane/lane.ts'
import { FALLBACKS } from '../lane/order.ts'
import { now } from '../now.ts'
import { readAddress } from '../session/address.ts'
import { clockBoundMs, quantileOf } from '../session/delays.ts'
import { openSession } from '../session/open-session.ts'
import type { SandboxSession } from '../session/session.ts'
import { withSentence } from '../show/steps.ts'
import { transports } from '../transports/index.ts'
import { carrierFor } from './carrier.ts'
import type { Carrier } from './carrier.ts'

/** Why the page has stopped for good. */
export type Ended = 'removed' | 'taken'

export interface JoinedSeat {
  readonly session: SandboxSession
  /** The next three: null before the server has sent them. */
  readonly show: ShowState | null
  readonly scene: Scene | null
  readonly seat: Seat | null
  /** Index of the chosen answer; null without a vote. A vote that the server has not confirmed yet counts. */
  readonly vote: number | null
  readonly carrier: Carrier | null
  /** The lane of the carrier, if it is on. */
  readonly lane: Lane | undefined
  readonly between: Between | null
  /** Time of the last preflight, as the person's clock shows it. */
  readonly checkedAt: Date | null
  readonly ended: Ended | null
  choose(answer: number): void
  rename(name: string): void
  /** Takes the seat back after another tab has taken it. */
  again(): void
}

declare global {
  interface Window {
    /** State of the seat, for the console and for tests. */
    fourwireSeat: JoinedSeat
  }
}

export interface SeatParts {
  readonly origin: string
  readonly room: string
  readonly clockResolutionMs: number
  /** Secret key of the seat. */
  readonly key: string
  readonly name: string
  say(sentence: string): void
  changed(): void
  /** The class has another room now, so this page has to begin again. */
  moved(): void
}

const REPORT_MS = 1000
/** If a lane fails for this time although the server answers, the page runs the preflight again. */
const TROUBLE_MS = 3000
/** While another transport carries the lane, the page asks at this interval if the dealt one gets through again. */
const RETRY_MS = 10_000
/** All phones learn of a change of the network at the same moment, so each waits for a random part of this time. */
const SPREAD_MS = 1000
/** Largest figures that the server accepts in a report. */
const MOST_MS = 600_000

export function takeSeat(parts: SeatParts): JoinedSeat {
  const { origin, key, say, changed } = parts
  let { name } = parts
  let show: ShowState | null = null
  let scenes: readonly Scene[] = []
  let seat: Seat | null = null
  let confirmed: number | null = null
  /** Vote that the server has not confirmed yet. */
  let wish: { readonly scene: string; readonly answer: number } | null = null
  let carrier: Carrier | null = null
  let between: Between | null = null
  let checkedAt: Date | null = null
  let ended: Ended | null = null
  let isChecking = false
  let dueMs = 0
  let troubledSinceMs: number | null = null
  let network = ''

  const session = openSession(
    {
      origin,
      address: { ...readAddress(''), room: parts.room },
      shown: FALLBACKS.map((name) => ({ name, transport: name, isOff: true })),
      transports,
      clockResolutionMs: parts.clockResolutionMs,
    },
    {
      // The session's own notices are about several lanes and about figures, and this page has one lane.
      say() {},
      changed() {
        look()
        changed()
      },
      heard() {},
      connected: sit,
      show: take,
      refused: say,
    },
  )
  const timer = setInterval(report, REPORT_MS)

  return {
    session,
    get show() {
      return show
    },
    get scene() {
      return scenes.find(({ id }) => id === show?.scene) ?? null
    },
    get seat() {
      return seat
    },
    get vote() {
      return wish?.scene === show?.scene ? (wish?.answer ?? confirmed) : confirmed
    },
    get carrier() {
      return carrier
    },
    get lane() {
      return laneOf(carrier?.transport)
    },
    get between() {
      return between
    },
    get checkedAt() {
      return checkedAt
    },
    get ended() {
      return ended
    },
    choose(answer) {
      if (show?.step !== 'predict') return
      wish = { scene: show.scene, answer }
      vote()
      changed()
    },
    rename(given) {
      name = given
      sit()
    },
    again: () => location.reload(),
  }

  function sit(): void {
    session.say({ say: 'sit', key, name })
    if (between) session.say({ say: 'preflight', found: between.found })
    if (carrier) session.say({ say: 'fell back', why: carrier.why })
    vote()
  }

  function vote(): void {
    if (wish) session.say({ say: 'vote', ...wish })
  }

  function take(message: ShowMessage): void {
    if (message.tell === 'scenes') scenes = message.scenes
    else if (message.tell === 'state') adopt(message.state)
    else if (message.tell === 'seat') {
      seat = message.seat
      confirmed = message.vote
      if (wish?.answer === message.vote) wish = null
    } else if (message.tell === 'removed' || message.tell === 'taken') end(message.tell)
    look()
    changed()
  }

  function adopt(state: ShowState): void {
    if (state.room !== parts.room) return parts.moved()
    const before = show
    show = state
    scenes = withSentence(scenes, state)
    if (wish && (wish.scene !== state.scene || state.step !== 'predict')) wish = null
    if (before?.scene !== state.scene) confirmed = null
    if (state.step !== 'run' || (before?.scene === state.scene && before.step === 'run')) return
    const { setting } = transports[FALLBACKS.at(-1) ?? 'short-poll']
    const scene = scenes.find(({ id }) => id === state.scene)
    const intervalMs = scene?.pollMs ?? setting?.usual
    if (setting && intervalMs !== undefined && session.intervalMs !== intervalMs) session.set(setting, intervalMs)
    // The figures of a seat are about the present scene only.
    session.clear()
  }

  function end(why: Ended): void {
    ended = why
    clearInterval(timer)
    session.stop()
  }

  /** Switches the lane of the carrier on, and notices whether a new preflight is due. */
  function look(): void {
    if (ended !== null || session.resting !== null) return
    const conditions = JSON.stringify(session.conditions)
    if (conditions !== network && session.conditions !== null) {
      network = conditions
      if (between) dueMs = now() + SPREAD_MS * Math.random()
    }
    if (!carrier || session.lanes.some(({ state }) => state.is === 'resting')) return
    const { transport } = carrier
    const wanted = laneOf(transport)
    if (!wanted || wanted.on) return
    // The old lane stops first. Its last events can move the cursor at which the new lane starts.
    for (const lane of session.lanes) if (lane.on) session.switchOn(lane, false)
    session.switchOn(wanted, true)
  }

  /** Runs the preflight, tells the class, and chooses the carrier. */
  async function check(): Promise<void> {
    if (isChecking || !seat) return
    isChecking = true
    const found = await preflight(origin, origin).finally(() => (isChecking = false))
    if (ended !== null || session.resting !== null) return
    // Without any answer, the server is away, and the network has not changed.
    if (between !== null && found.server.is === 'nothing') return
    between = found
    checkedAt = new Date()
    dueMs = found.server.is === 'nothing' ? now() + RETRY_MS : Infinity
    session.say({ say: 'preflight', found: found.found })
    choose(seat.dealt, found)
    changed()
  }

  function choose(dealt: TransportName, { found }: Between): void {
    const hasFallenBack = carrier !== null && carrier.transport !== dealt
    const next = carrierFor(dealt, found, hasFallenBack || isInTrouble())
    troubledSinceMs = null
    if (next.why !== null) dueMs = now() + RETRY_MS
    if (carrier?.transport === next.transport && carrier.why === next.why) return
    carrier = next
    session.say({ say: 'fell back', why: next.why })
    look()
  }

  function isInTrouble(): boolean {
    return troubledSinceMs !== null && now() - troubledSinceMs >= TROUBLE_MS
  }

  function report(): void {
    if (session.resting !== null || !seat) return
    const lane = laneOf(carrier?.transport)
    const isFailing = lane?.troubled === true && session.unreachableSinceMs === null
    troubledSinceMs = isFailing ? (troubledSinceMs ?? now()) : null
    if (!between || now() >= dueMs || isInTrouble()) void check()
    if (lane?.on) session.say({ say: 'report', report: reportOf(session, lane) })
  }

  function laneOf(transport: TransportName | undefined): Lane | undefined {
    return session.lanes.find((lane) => lane.transport === transport)
  }
}

/** The losses of all lanes count, because the seat has carried its messages over each of them. */
function reportOf(session: SandboxSession, lane: Lane): SeatReport {
  const sum = (of: 'lost' | 'duplicated') => session.lanes.reduce((total, { ledger }) => total + ledger.counts[of], 0)
  const inRange = (ms: number | undefined | null) =>
    ms === undefined || ms === null ? null : Math.min(MOST_MS, Math.max(0, ms))
  return {
    transport: lane.transport,
    p50Ms: inRange(quantileOf(session, lane, 0.5)?.ms),
    n: lane.latencies.n,
    boundMs: inRange(clockBoundMs(session)),
    lost: sum('lost'),
    doubled: sum('duplicated'),
  }
}
