/** What a phone says to the show: it takes a seat, votes, and reports its figures. */
import { FeedError, quote } from '../http/errors.ts'
import { now } from '../now.ts'
import type { ShowSaying } from '../protocol/show.ts'
import type { Attendance } from './attendance.ts'
import type { Driver } from './driver.ts'
import { say } from './followers.ts'
import type { Followers } from './followers.ts'
import type { ShowGuest } from './guest.ts'
import { presentScene, recordOf, roomOf } from './record.ts'
import type { ShowData } from './record.ts'
import type { SeatRecord } from './seats.ts'

export type OfSeat = Extract<ShowSaying, { say: 'sit' | 'vote' | 'report' | 'preflight' | 'fell back' }>

interface SeatParts {
  readonly data: ShowData
  readonly attendance: Attendance
  readonly driver: Driver
  readonly followers: Followers
  confirm(seat: SeatRecord): Promise<void>
}

/**
 * Creates the function that answers what phones say. It throws `other-class`, `no-seat` or `vote-closed` (409), and
 * `too-many-seats` (429).
 */
export function createSeatSayings({ data, attendance, driver, followers, confirm }: SeatParts) {
  return async (guest: ShowGuest, client: string, said: OfSeat): Promise<void> => {
    const room = roomOf(data)
    if (guest.room !== room)
      throw new FeedError(
        'other-class',
        `This page is in the room ${quote(guest.room)}, but the class is in ${quote(room)}.`,
      )
    if (said.say === 'sit') return sit(guest, client, said.key, said.name)
    const seat = attendance.seatOf(guest)
    if (!seat) throw new FeedError('no-seat', `This page has no seat, so it cannot say ${quote(said.say)}.`)
    if (said.say === 'vote') return vote(seat, said.scene, said.answer)
    followers.seatsChanged()
    if (said.say === 'report') {
      seat.report = said.report
      seat.reportedAtMs = now()
      return
    }
    if (said.say === 'preflight') seat.preflight = said.found
    else seat.fellBack = said.why
    await confirm(seat)
  }

  async function sit(guest: ShowGuest, client: string, key: string, name: string): Promise<void> {
    const seat = data.seats.sit(key, (one) => !attendance.isHere(one) && one.report === null && !hasVoted(one))
    if (seat.removed) return say(guest, { tell: 'removed' })
    const before = attendance.sit(guest, seat)
    // A page that reconnects takes its own seat again.
    if (before && driver.meet(before) !== client) say(before, { tell: 'taken' })
    before?.unseat()
    if (!seat.muted) seat.name = name
    followers.add(guest, client, false)
    followers.seatsChanged()
    await confirm(seat)
  }

  async function vote(seat: SeatRecord, id: string, answer: number | null): Promise<void> {
    const { record } = data
    const { title, answers } = presentScene(data)
    if (id !== record.scene)
      throw new FeedError('vote-closed', `The vote is for ${quote(id)}, but the class is at ${quote(record.scene)}.`)
    if (record.step !== 'predict') throw new FeedError('vote-closed', `The vote for ${quote(title)} is closed.`)
    if (answer !== null && answer >= answers.length)
      throw new FeedError(
        'bad-message',
        `The answer is ${answer}, but ${quote(id)} has ${answers.length} answers.`,
        'Answers are counted from 0.',
      )
    const { votes } = recordOf(data)
    if (answer === null) votes.delete(seat.seat)
    else votes.set(seat.seat, answer)
    await confirm(seat)
  }

  function hasVoted({ seat }: SeatRecord): boolean {
    return [...data.record.scenes.values()].some(({ votes }) => votes.has(seat))
  }
}
