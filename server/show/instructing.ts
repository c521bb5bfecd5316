/** What an instructor says to the show: moves it, shows hands, mutes and removes seats, and begins the next class. */
import type { Access } from '../access/access.ts'
import { FeedError, quote } from '../http/errors.ts'
import type { Acts } from '../lab/routes.ts'
import { now } from '../now.ts'
import type { TransportName } from '../protocol/feed.ts'
import type { Scene, ShowSaying, ShowSession, Step } from '../protocol/show.ts'
import type { Attendance } from './attendance.ts'
import type { Driver } from './driver.ts'
import { say } from './followers.ts'
import type { Followers } from './followers.ts'
import { muteOrAllow } from './muting.ts'
import { outcomeOf } from './outcome.ts'
import { beginNextClass, presentScene, recordOf, roomOf } from './record.ts'
import type { SceneRecord, ShowData } from './record.ts'
import type { SceneRun } from './scene-run.ts'
import type { OfSeat } from './seat-sayings.ts'
import type { SeatRecord } from './seats.ts'
import type { ShowFile } from './show-file.ts'

export type OfInstructor = Exclude<ShowSaying, OfSeat | { say: 'follow' }>

interface InstructingParts {
  readonly data: ShowData
  readonly transports: readonly TransportName[]
  readonly access: Access
  readonly acts: Acts
  readonly addresses: () => readonly string[]
  readonly file: ShowFile | null
  readonly driver: Driver
  readonly run: SceneRun
  readonly attendance: Attendance
  readonly followers: Followers
  session(): ShowSession
  changed(isUrgent: boolean): Promise<void>
  confirm(seat: SeatRecord): Promise<void>
  log(error: unknown): void
}

/** A stage may send its last measurement for this time after the run has ended. */
const LATE_FIGURES_MS = 5000

/**
 * Creates the function that does what an instructor says. It throws `not-driver` (409), `unknown-scene` (404), and
 * `no-seat` (409).
 */
export function createInstructing(parts: InstructingParts): (client: string, said: OfInstructor) => Promise<void> {
  const { data, transports, access, acts, addresses, file, driver, run, attendance, followers } = parts
  const { session, changed, confirm, log } = parts

  return async (client, said) => {
    switch (said.say) {
      case 'take':
        driver.take(client)
        return changed(true)
      case 'go':
        return go(client, said.scene, said.step)
      case 'stage':
        return stage(client, said)
      case 'next class':
        return nextClass(client)
      case 'hands':
        return hands(said.hands)
      case 'measured':
        return measured(said.scene, said.lanes)
      default:
        return moderate(said.say, said.seat)
    }
  }

  async function go(client: string, id: string, step: Step): Promise<void> {
    const { record } = data
    const next = data.scenes.find((scene) => scene.id === id)
    if (!next) throw new FeedError('unknown-scene', `The show has no scene ${quote(id)}.`)
    driver.check(client)
    if (record.scene === id && record.step === step) return changed(true)
    if (record.step === 'run') end()
    Object.assign(record, { scene: id, step, sinceMs: now() })
    if (step === 'run') begin(next)
    if (step === 'explain') explain(next)
    await changed(true)
  }

  function begin(scene: Scene): void {
    run.begin(roomOf(data), scene)
    const settings = acts.settings(roomOf(data))
    Object.assign(recordOf(data), { measured: [], outcome: null, reports: [], settings })
  }

  /** Ends the run of the present scene, and keeps what the seats have reported in it. */
  function end(): void {
    const { sinceMs } = data.record
    run.end()
    recordOf(data).reports = data.seats.all.flatMap(({ seat, report, reportedAtMs, fellBack }) =>
      report !== null && reportedAtMs >= sinceMs ? { seat, report, fellBack } : [],
    )
  }

  function explain(scene: Scene): void {
    const own = recordOf(data)
    own.outcome = outcomeOf(
      scene,
      own.measured,
      own.reports.map(({ report }) => report),
    )
    if (!data.record.done.includes(scene.id)) data.record.done.push(scene.id)
  }

  async function measured(id: string, lanes: SceneRecord['measured']): Promise<void> {
    const { scene, step, sinceMs } = data.record
    const isLate = step === 'explain' && now() - sinceMs <= LATE_FIGURES_MS
    // A step may be on its way to the stage while the stage sends its figures, so figures for another step are no error.
    if (id !== scene || (step !== 'run' && !isLate)) return
    recordOf(data).measured = lanes
    if (!isLate) return
    explain(presentScene(data))
    await changed(true)
  }

  async function hands(counts: readonly number[] | null): Promise<void> {
    const { id, answers } = presentScene(data)
    if (counts && counts.length !== answers.length)
      throw new FeedError(
        'bad-message',
        `There are ${counts.length} counts of hands, but ${quote(id)} has ${answers.length} answers.`,
        'Give a count for each answer.',
      )
    recordOf(data).hands = counts
    await changed(true)
  }

  async function stage(
    client: string,
    { blank, names, address }: Extract<OfInstructor, { say: 'stage' }>,
  ): Promise<void> {
    driver.check(client)
    if (address !== undefined && address >= addresses().length)
      throw new FeedError('bad-message', `The address is ${address}, but there are ${addresses().length}.`, COUNTED)
    const { record } = data
    record.blank = blank ?? record.blank
    record.names = names ?? record.names
    record.address = address ?? record.address
    if (names !== undefined) followers.seatsChanged()
    await changed(true)
  }

  async function moderate(act: 'mute' | 'unmute' | 'remove', number: number): Promise<void> {
    const seat = data.seats.numbered(number)
    if (!seat)
      throw new FeedError(
        'no-seat',
        `The class has no seat ${number}.`,
        'The presenter\u2019s page lists the numbers of the seats.',
      )
    followers.seatsChanged()
    if (act === 'remove') return remove(seat)
    seat.muted = act === 'mute'
    // A muted person cannot publish either, under this name.
    muteOrAllow(access, seat.name, data.seats.all)
    await confirm(seat)
  }

  async function remove(seat: SeatRecord): Promise<void> {
    const guest = attendance.guestOf(seat)
    seat.removed = true
    for (const { votes } of data.record.scenes.values()) votes.delete(seat.seat)
    if (guest) {
      attendance.leave(guest)
      say(guest, { tell: 'removed' })
    }
    await changed(true)
  }

  async function nextClass(client: string): Promise<void> {
    driver.check(client)
    if (data.record.step === 'run') end()
    const room = roomOf(data)
    await keep()
    // Meanwhile, another page of an instructor may have begun the next class, or a scene of this one.
    if (roomOf(data) !== room) return
    run.end()
    const muted = data.seats.records.filter((seat) => seat.muted)
    beginNextClass(data, transports)
    // The ban of a name must not meet somebody with the same name in the next class.
    for (const { name } of muted) muteOrAllow(access, name, data.seats.all)
    attendance.clear()
    followers.begunAgain()
    await changed(true)
  }

  async function keep(): Promise<void> {
    try {
      await file?.keep(roomOf(data), JSON.stringify(session()))
    } catch (error) {
      log(error)
      throw new FeedError('log-unavailable', 'The class cannot be saved, so it has not ended.', KEEPING)
    }
  }
}

const KEEPING = 'Check the disk that --data names, and begin the next class again.'

const COUNTED = 'Addresses are counted from 0.'
