/**
 * The show: an instructor leads a class through scenes. The state is the server's, and pages only draw it. One client
 * drives the show; every seat of the class may vote while a scene predicts.
 */
import type { Access } from '../access/access.ts'
import type { Limiter } from '../access/limits.ts'
import { PRICES } from '../access/prices.ts'
import { FeedError } from '../http/errors.ts'
import type { ShowListener } from '../lab/lab.ts'
import type { LabPage } from '../lab/page.ts'
import type { Acts } from '../lab/routes.ts'
import type { Visit } from '../lab/visit.ts'
import type { TransportName } from '../protocol/feed.ts'
import type { Scene, ShowSaying, ShowSession, ShowState } from '../protocol/show.ts'
import { createAttendance } from './attendance.ts'
import { createDriver } from './driver.ts'
import { createFollowers, say } from './followers.ts'
import type { FollowerTimes } from './followers.ts'
import { createInstructing } from './instructing.ts'
import type { OfInstructor } from './instructing.ts'
import { scenesFor, seatsFor, stateOf } from './picture.ts'
import { muteOrAllow } from './muting.ts'
import { openShow, presentScene, recordOf, roomOf } from './record.ts'
import { createSaving } from './saving.ts'
import { createSayingParser } from './sayings.ts'
import { createSceneRun } from './scene-run.ts'
import { createSeatSayings } from './seat-sayings.ts'
import type { OfSeat } from './seat-sayings.ts'
import { seatFor } from './seats.ts'
import type { SeatRecord } from './seats.ts'
import { sessionOf } from './session.ts'
import type { ShowFile } from './show-file.ts'

export interface ShowParts {
  readonly scenes: readonly Scene[]
  /** Names of all transports. */
  readonly transports: readonly TransportName[]
  readonly acts: Acts
  readonly access: Access
  readonly limiter: Limiter
  /** Addresses at which the class can join, best first. */
  readonly addresses: () => readonly string[]
  /** Null if a restart of the server ends the show. */
  readonly file: ShowFile | null
  /** Version of Fourwire. */
  readonly version: string
  readonly times: ShowTimes
  /** Writes an error into the log of the server. */
  log(error: unknown): void
}

export interface ShowTimes extends FollowerTimes {
  /** Time after which a driver without a connection no longer drives. */
  readonly driverGoneMs: number
  /** Shortest time between two writes of the file. */
  readonly saveMs: number
}

/** A page that reconnects after a restart is back within `driverGoneMs`. */
export const SHOW_TIMES: ShowTimes = { driverGoneMs: 10_000, countsMs: 500, seatsMs: 1000, saveMs: 250 }

export interface Show extends ShowListener {
  state(forInstructor: boolean): ShowState
  session(): ShowSession
  /** Stops all timers, and resolves when the show is saved. */
  stop(): Promise<void>
}

export function createShow(parts: ShowParts): Show {
  const { scenes, transports, acts, access, limiter, addresses, file, version, times, log } = parts
  const parse = createSayingParser(transports)
  const saved = file?.read() ?? null
  const isRunning = saved?.record.step === 'run' && scenes.some(({ id }) => id === saved.record.scene)
  const data = openShow(scenes, transports, saved)
  const run = createSceneRun(acts, isRunning ? saved.changed : [])
  const attendance = createAttendance()
  const guests = new Set<LabPage>()
  const driver = createDriver(data.record.salt, data.record.driver, times.driverGoneMs, () => changed(false))
  const followers = createFollowers(limiter, times, {
    isInstructor,
    scenes: (client, forInstructor) => ({ tell: 'scenes', client, scenes: scenesFor(scenes, forInstructor) }),
    state: (forInstructor) => ({ tell: 'state', state: state(forInstructor) }),
    seats: (forInstructor) => ({ tell: 'seats', seats: seatsFor(data, attendance.isHere, forInstructor) }),
  })
  const saving = createSaving(write, times.saveMs, log)
  const session = (): ShowSession => sessionOf(data, version)
  const common = { data, access, driver, attendance, followers, changed, confirm }
  const instructing = createInstructing({ ...common, transports, acts, addresses, file, run, session, log })
  const seatSayings = createSeatSayings(common)
  let isStopped = false
  /** True if this process has changed the show. A show that nobody uses has no file. */
  let isChanged = false
  if (isRunning) run.resume(roomOf(data), presentScene(data), data.record.sinceMs)
  for (const { name, muted } of data.seats.records) if (muted) muteOrAllow(access, name, data.seats.records)

  return {
    heard,
    restarted: run.restarted,
    state,
    session,
    async stop() {
      isStopped = true
      run.stop()
      driver.stop()
      followers.stop()
      if (file && isChanged) await saving.save(true).catch(() => {})
    },
  }

  async function heard(visit: Visit, saying: object): Promise<void> {
    const said = parse(saying)
    if (said.say === 'sit' || said.say === 'follow') await limiter.spend(visit.from, PRICES[said.say])
    const { page } = visit
    if (page.readyState !== page.OPEN || isStopped) return
    const client = driver.meet(visit)
    if (!guests.has(page)) page.once('close', () => leave(page))
    guests.add(page)
    if (said.say === 'follow') followers.add(visit, client, said.seats)
    else if (isOfSeat(said)) await seatSayings(visit, client, said)
    else if (isInstructor(visit)) await instructing(client, said)
    else throw new FeedError('not-instructor', 'Only an instructor moves the show.')
  }

  function leave(page: LabPage): void {
    // When the server ends, the connections close after everything else has stopped.
    if (isStopped) return
    guests.delete(page)
    driver.leave(page)
    followers.remove(page)
    if (!attendance.leave(page)) return
    changed(false)
    followers.seatsChanged()
  }

  /**
   * Notes a change of the state. `isUrgent`: it is saved at once, and pages get it as soon as it is saved, so that a crash
   * takes no step back that a page has shown. Resolves when the change is saved.
   */
  function changed(isUrgent: boolean): Promise<void> {
    isChanged = true
    data.record.version += 1
    const tell = (): void => followers.changed(isUrgent)
    const saved = file ? saving.save(isUrgent) : null
    if (isUrgent && saved) saved.then(tell, tell)
    else tell()
    return saved ?? Promise.resolve()
  }

  /** Tells a seat what it is and what it has voted, as soon as this is saved. */
  async function confirm(seat: SeatRecord): Promise<void> {
    const vote = recordOf(data).votes.get(seat.seat) ?? null
    await changed(false)
    const visit = attendance.visitOf(seat)
    if (visit) say(visit.page, { tell: 'seat', seat: seatFor(seat, true, true), vote })
  }

  async function write(): Promise<void> {
    data.record.driver = driver.name
    await file?.write({ record: data.record, seats: data.seats.records, changed: run.changed })
  }

  function state(forInstructor: boolean): ShowState {
    const { here } = attendance
    return stateOf(data, { here, driver: driver.name, addresses: addresses() }, forInstructor)
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

const OF_SEAT: readonly ShowSaying['say'][] = [
  'sit',
  'vote',
  'report',
  'preflight',
  'fell back',
] satisfies OfSeat['say'][]

const isOfSeat = (said: Exclude<ShowSaying, { say: 'follow' }>): said is Exclude<typeof said, OfInstructor> =>
  OF_SEAT.includes(said.say)
