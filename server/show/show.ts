/**
 * The show: an instructor leads a class through scenes. The state is the server's, and pages only draw it. One client
 * drives the show; every seat of the class may vote while a scene predicts.
 */
import type { Access } from '../access/access.ts'
import type { Limiter } from '../access/limits.ts'
import { PRICES } from '../access/prices.ts'
import { visitorOf } from '../access/visitor.ts'
import { readName } from '../access/names.ts'
import { FeedError, quote } from '../http/errors.ts'
import type { ShowListener } from '../lab/lab.ts'
import type { LabPage } from '../lab/page.ts'
import type { Acts } from '../lab/routes.ts'
import type { Visit } from '../lab/visit.ts'
import { now } from '../now.ts'
import type { TransportName } from '../protocol/feed.ts'
import type { Scene, SeatReport, ShowSaying, ShowState, Step } from '../protocol/show.ts'
import { createDriver } from './driver.ts'
import { createFollowers, say } from './followers.ts'
import type { FollowerTimes } from './followers.ts'
import { outcomeOf } from './outcome.ts'
import { newShow } from './record.ts'
import type { SceneRecord, ShowRecord } from './record.ts'
import { createSayingParser } from './sayings.ts'
import { createSceneRun } from './scene-run.ts'
import { createSeats, seatFor } from './seats.ts'
import type { SeatRecord } from './seats.ts'

export interface ShowParts {
  readonly scenes: readonly Scene[]
  /** Names of all transports. */
  readonly transports: readonly TransportName[]
  readonly acts: Acts
  readonly access: Access
  readonly limiter: Limiter
  /** Addresses at which the class can join, best first. */
  readonly addresses: () => readonly string[]
  readonly times: ShowTimes
}

export interface ShowTimes extends FollowerTimes {
  /** Time after which a driver without a connection no longer drives. */
  readonly driverGoneMs: number
}

/** A page that reconnects after a restart is back within `driverGoneMs`. */
export const SHOW_TIMES: ShowTimes = { driverGoneMs: 10_000, countsMs: 500, seatsMs: 1000 }

export interface Show extends ShowListener {
  state(forInstructor: boolean): ShowState
  stop(): void
}

/** A stage may send its last measurement for this time after the run has ended. */
const LATE_FIGURES_MS = 5000

const DRIVING = 'Only the instructor moves the show.'

export function createShow(parts: ShowParts): Show {
  const { scenes, transports, acts, access, limiter, addresses, times } = parts
  const parse = createSayingParser(transports)
  const record: ShowRecord = newShow(scenes)
  const run = createSceneRun(acts)
  const seats = createSeats(dealt(scenes, transports))
  const driver = createDriver(record.salt, record.driver, times.driverGoneMs, () => changed(false))
  /** Pages that take part in the show, each with its seat if it has one. */
  const guests = new Map<LabPage, SeatRecord | null>()
  const pageOf = new Map<SeatRecord, Visit>()
  let isStopped = false

  const followers = createFollowers(limiter, times, {
    isInstructor,
    scenes: (client, forInstructor) => ({
      tell: 'scenes',
      client,
      scenes: forInstructor ? scenes : scenes.map((scene) => ({ ...scene, notes: [] })),
    }),
    state: (forInstructor) => ({ tell: 'state', state: state(forInstructor) }),
    seats: (forInstructor) => ({
      tell: 'seats',
      seats: seats.all.map((seat) => seatFor(seat, pageOf.has(seat), forInstructor || (record.names && !seat.muted))),
    }),
  })

  return {
    heard,
    restarted: run.restarted,
    state,
    stop() {
      isStopped = true
      run.stop()
      driver.stop()
      followers.stop()
    },
  }

  async function heard(visit: Visit, saying: object): Promise<void> {
    const said = parse(saying)
    if (said.say === 'sit' || said.say === 'follow') await limiter.spend(visit.from, PRICES[said.say])
    const { page } = visit
    if (page.readyState !== page.OPEN) return
    const client = driver.meet(visit)
    if (!guests.has(page)) {
      guests.set(page, null)
      page.once('close', () => leave(page))
    }
    if (said.say === 'follow') return followers.add(visit, client, said.seats)
    if (isOfSeat(said)) return ofSeat(visit, client, said)
    if (!isInstructor(visit)) throw new FeedError('not-instructor', DRIVING)
    ofInstructor(client, said)
  }

  function ofInstructor(client: string, said: Exclude<ShowSaying, OfSeat | { say: 'follow' }>): void {
    switch (said.say) {
      case 'take':
        driver.take(client)
        return changed(true)
      case 'measured':
        return measured(said.scene, said.lanes)
      case 'go':
        return go(client, said.scene, said.step)
      default:
        throw new FeedError('bad-message', `This server does not do ${quote(said.say)} yet.`)
    }
  }

  function go(client: string, id: string, step: Step): void {
    const next = scenes.find((scene) => scene.id === id)
    if (!next) throw new FeedError('unknown-scene', `The show has no scene ${quote(id)}.`)
    driver.check(client)
    if (record.scene === id && record.step === step) return changed(true)
    if (record.step === 'run') end()
    record.scene = id
    record.step = step
    record.sinceMs = now()
    if (step === 'run') {
      sceneRecord().measured = []
      sceneRecord().outcome = null
      run.begin(record.room, next, record.sinceMs)
    }
    if (step === 'explain') explain(next)
    changed(true)
  }

  /** Ends the run of the present scene, and keeps what the class has measured in it. */
  function end(): void {
    run.end()
    const sinceMs = record.sinceMs
    sceneRecord().reports = seats.all.flatMap(({ seat, report, reportedAtMs }) =>
      report !== null && reportedAtMs >= sinceMs ? { seat, report } : [],
    )
  }

  function explain(scene: Scene): void {
    const own = sceneRecord()
    const reports: readonly SeatReport[] = own.reports.map(({ report }) => report)
    own.outcome = outcomeOf(scene, own.measured, reports)
    if (!record.done.includes(scene.id)) record.done.push(scene.id)
  }

  function measured(id: string, lanes: SceneRecord['measured']): void {
    const isLate = record.step === 'explain' && now() - record.sinceMs <= LATE_FIGURES_MS
    // A step may be on its way to the stage while the stage sends its figures, so figures for another step are no error.
    if (id !== record.scene || (record.step !== 'run' && !isLate)) return
    sceneRecord().measured = lanes
    if (!isLate) return
    explain(present())
    changed(true)
  }

  function ofSeat(visit: Visit, client: string, said: OfSeat): void {
    const { page, name: room } = visit
    if (room !== record.room)
      throw new FeedError(
        'other-class',
        `This page is in the room ${quote(room)}, but the class is in ${quote(record.room)}.`,
      )
    if (said.say === 'sit') return sit(visit, client, said.key, said.name)
    const seat = guests.get(page)
    if (!seat) throw new FeedError('no-seat', `This page has no seat, so it cannot say ${quote(said.say)}.`)
    if (said.say === 'vote') return vote(seat, said.scene, said.answer)
    if (said.say === 'report') {
      seat.report = said.report
      seat.reportedAtMs = now()
    } else if (said.say === 'preflight') seat.preflight = said.found
    else seat.fellBack = said.why
    followers.seatsChanged()
    if (said.say !== 'report') tellSeat(seat)
  }

  function sit(visit: Visit, client: string, key: string, given: string): void {
    const { from, page } = visit
    const { session } = visitorOf(from)
    const isPerson = session !== null && !session.isInstructor
    const name = isPerson ? session.user : given.trim() === '' ? '' : readName(given)
    if (name !== '') access.checkUser(from, { name })
    const seat = seats.sit(key, (one) => !pageOf.has(one) && one.report === null && !hasVoted(one))
    if (seat.removed) return say(page, { tell: 'removed' })
    leaveSeat(page)
    const before = pageOf.get(seat)
    if (before && before.page !== page) {
      guests.set(before.page, null)
      // A page that reconnects takes its own seat again.
      if (driver.meet(before) !== client) say(before.page, { tell: 'taken' })
    }
    seat.name = name
    guests.set(page, seat)
    pageOf.set(seat, visit)
    followers.add(visit, client, false)
    tellSeat(seat)
    changed(false)
    followers.seatsChanged()
  }

  function vote(seat: SeatRecord, id: string, answer: number | null): void {
    if (id !== record.scene)
      throw new FeedError('vote-closed', `The vote is for ${quote(id)}, but the class is at ${quote(record.scene)}.`)
    if (record.step !== 'predict')
      throw new FeedError('vote-closed', `The vote for ${quote(present().title)} is closed.`)
    const { answers } = present()
    if (answer !== null && answer >= answers.length)
      throw new FeedError(
        'bad-message',
        `The answer is ${answer}, but ${quote(id)} has ${answers.length} answers.`,
        COUNTING,
      )
    const { votes } = sceneRecord()
    if (answer === null) votes.delete(seat.seat)
    else votes.set(seat.seat, answer)
    tellSeat(seat)
    changed(false)
  }

  function tellSeat(seat: SeatRecord): void {
    const visit = pageOf.get(seat)
    const vote = sceneRecord().votes.get(seat.seat) ?? null
    if (visit) say(visit.page, { tell: 'seat', seat: seatFor(seat, true, true), vote })
  }

  function leave(page: LabPage): void {
    // When the server ends, the connections close after everything else has stopped.
    if (isStopped) return
    driver.leave(page)
    followers.remove(page)
    leaveSeat(page)
    guests.delete(page)
  }

  function leaveSeat(page: LabPage): void {
    const seat = guests.get(page)
    guests.set(page, null)
    if (!seat || pageOf.get(seat)?.page !== page) return
    pageOf.delete(seat)
    changed(false)
    followers.seatsChanged()
  }

  function changed(isUrgent: boolean): void {
    record.version += 1
    followers.changed(isUrgent)
  }

  function state(forInstructor: boolean): ShowState {
    const { room, scene, step, version, sinceMs, done, blank, names, address } = record
    const { votes, hands, measured, outcome } = sceneRecord()
    const isExplained = step === 'explain'
    return {
      version,
      room,
      scene,
      step,
      sinceMs,
      done,
      voted: votes.size,
      here: pageOf.size,
      votes: step === 'predict' && !forInstructor ? null : present().answers.map((_answer, i) => count(votes, i)),
      hands,
      measured: isExplained ? measured : [],
      outcome: isExplained ? outcome : null,
      blank,
      names,
      driver: driver.name,
      addresses: addresses(),
      address,
    }
  }

  function present(): Scene {
    const scene = scenes.find(({ id }) => id === record.scene)
    if (!scene) throw new Error(`The show is at the scene ${quote(record.scene)}, which it does not have.`)
    return scene
  }

  function sceneRecord(): SceneRecord {
    const known = record.scenes.get(record.scene)
    if (known) return known
    const fresh: SceneRecord = { votes: new Map(), hands: null, measured: [], outcome: null, reports: [] }
    record.scenes.set(record.scene, fresh)
    return fresh
  }

  function hasVoted({ seat }: SeatRecord): boolean {
    return [...record.scenes.values()].some(({ votes }) => votes.has(seat))
  }

  /** Returns true for an instructor. A page with a wrong token is no instructor's. */
  function isInstructor({ from }: Visit): boolean {
    try {
      return access.isInstructor(from)
    } catch {
      return false
    }
  }
}

type OfSeat = Extract<ShowSaying, { say: 'sit' | 'vote' | 'report' | 'preflight' | 'fell back' }>

const OF_SEAT: readonly ShowSaying['say'][] = [
  'sit',
  'vote',
  'report',
  'preflight',
  'fell back',
] satisfies OfSeat['say'][]

const isOfSeat = (said: ShowSaying): said is OfSeat => OF_SEAT.includes(said.say)

const COUNTING = 'Answers are counted from 0.'

const count = (votes: ReadonlyMap<number, number>, answer: number): number =>
  [...votes.values()].filter((vote) => vote === answer).length

/** Returns the transports that the scenes show, in the order of the server. Without any, all transports are dealt. */
function dealt(scenes: readonly Scene[], transports: readonly TransportName[]): readonly TransportName[] {
  const shown = new Set(scenes.flatMap(({ lanes }) => lanes))
  const used = transports.filter((name) => shown.has(name))
  return used.length > 0 ? used : transports
}
