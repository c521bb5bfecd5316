/**
 * The show: an instructor leads a class through scenes. The state is the server's, and pages only draw it. One client
 * drives the show; every seat of the class may vote while a scene predicts.
 */
import type { Access } from '../access/access.ts'
import { FeedError } from '../http/errors.ts'
import type { ShowListener } from '../lab/lab.ts'
import type { Acts } from '../lab/routes.ts'
import type { TransportName } from '../protocol/feed.ts'
import type { Scene, ShowSaying, ShowSession, ShowState } from '../protocol/show.ts'
import { createAttendance } from './attendance.ts'
import { createDriver } from './driver.ts'
import { createFollowers, say } from './followers.ts'
import type { FollowerTimes } from './followers.ts'
import type { ShowGuest } from './guest.ts'
import { createInstructing } from './instructing.ts'
import type { OfInstructor } from './instructing.ts'
import { scenesFor, seatsFor, stateOf } from './picture.ts'
import { muteOrAllow } from './muting.ts'
import { openShow, presentScene, recordOf, roomOf } from './record.ts'
import { createSaving } from './saving.ts'
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

export interface Show {
  /** Does what a page has said. Rejects with an error for this page. */
  heard(guest: ShowGuest, said: ShowSaying): Promise<void>
  /** Notes that the connection of a page has closed. */
  left(guest: ShowGuest): void
  /** Notes that a page may have got the rights of the instructor. */
  admitted(): void
  /** Notes a simulated restart, after which all settings are neutral. */
  restarted(): void
  state(forInstructor: boolean): ShowState
  session(): ShowSession
  /** Saves the show as it is now. */
  save(): Promise<void>
  /** Stops all timers, and resolves when the show is saved. `saves`: false if another process runs the show now. */
  stop(saves?: boolean): Promise<void>
}

/** The show as a process serves it. */
export interface ServedShow extends ShowListener {
  /** Returns the state as pages of the class get it. */
  state(): Promise<ShowState>
  session(): Promise<ShowSession>
  /** Returns the session of a class that has ended, as JSON; null if it is not kept. */
  kept(room: string): Promise<string | null>
  /** Resolves when the show is saved. */
  stop(): Promise<void>
}

export function createShow(parts: ShowParts): Show {
  const { scenes, transports, acts, access, addresses, file, version, times, log } = parts
  const saved = file?.read() ?? null
  const isRunning = saved?.record.step === 'run' && scenes.some(({ id }) => id === saved.record.scene)
  const data = openShow(scenes, transports, saved)
  const run = createSceneRun(acts, isRunning ? saved.changed : [])
  const attendance = createAttendance()
  const driver = createDriver(data.record.salt, data.record.driver, times.driverGoneMs, () => changed(false))
  const followers = createFollowers(times, {
    scenes: (client, forInstructor) => ({ tell: 'scenes', client, scenes: scenesFor(scenes, forInstructor) }),
    state: (forInstructor) => ({ tell: 'state', state: state(forInstructor) }),
    seats: (forInstructor) => ({ tell: 'seats', seats: seatsFor(data, attendance.isHere, forInstructor) }),
  })
  const saving = createSaving(write, times.saveMs, log)
  const session = (): ShowSession => sessionOf(data, version)
  const common = { data, driver, attendance, followers, changed, confirm }
  const instructing = createInstructing({ ...common, access, transports, acts, addresses, file, run, session, log })
  const seatSayings = createSeatSayings(common)
  let isStopped = false
  /** True if this process has changed the show. A show that nobody uses has no file. */
  let isChanged = false
  if (isRunning) run.resume(roomOf(data), presentScene(data), data.record.sinceMs)
  for (const { name, muted } of data.seats.records) if (muted) muteOrAllow(access, name, data.seats.records)

  return {
    heard,
    left,
    admitted: () => followers.changed(false),
    restarted: run.restarted,
    state,
    session,
    save: () => saving.save(true),
    async stop(saves = true) {
      isStopped = true
      run.stop()
      driver.stop()
      followers.stop()
      if (saves && file && isChanged) await saving.save(true).catch(() => {})
    },
  }

  async function heard(guest: ShowGuest, said: ShowSaying): Promise<void> {
    if (!guest.isOpen || isStopped) return
    const client = driver.meet(guest)
    if (said.say === 'follow') followers.add(guest, client, said.seats)
    else if (isOfSeat(said)) await seatSayings(guest, client, said)
    else if (guest.isInstructor) await instructing(client, said)
    else throw new FeedError('not-instructor', 'Only an instructor moves the show.')
  }

  function left(guest: ShowGuest): void {
    // When the server ends, the connections close after everything else has stopped.
    if (isStopped) return
    driver.leave(guest)
    followers.remove(guest)
    if (!attendance.leave(guest)) return
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
    const tell = (): void => {
      if (!isStopped) followers.changed(isUrgent)
    }
    const saved = file ? saving.save(isUrgent) : null
    if (isUrgent && saved) saved.then(tell, tell)
    else tell()
    return saved ?? Promise.resolve()
  }

  /** Tells a seat what it is and what it has voted, as soon as this is saved. */
  async function confirm(seat: SeatRecord): Promise<void> {
    const vote = recordOf(data).votes.get(seat.seat) ?? null
    await changed(false)
    const guest = attendance.guestOf(seat)
    if (guest) say(guest, { tell: 'seat', seat: seatFor(seat, true, true), vote })
  }

  async function write(): Promise<void> {
    data.record.driver = driver.name
    await file?.write({ record: data.record, seats: data.seats.records, changed: run.changed })
  }

  function state(forInstructor: boolean): ShowState {
    const { here } = attendance
    return stateOf(data, { here, driver: driver.name, addresses: addresses() }, forInstructor)
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
