/** Which page sits on which seat. A page has at most one seat, and a seat at most one page. */
import type { LabPage } from '../lab/page.ts'
import type { Visit } from '../lab/visit.ts'
import type { SeatRecord } from './seats.ts'

export interface Attendance {
  /** Number of seats that are here. */
  readonly here: number
  isHere(seat: SeatRecord): boolean
  seatOf(page: LabPage): SeatRecord | undefined
  visitOf(seat: SeatRecord): Visit | undefined
  /** Puts a page on a seat. Returns the other page that had this seat, if there was one. */
  sit(visit: Visit, seat: SeatRecord): Visit | undefined
  /** Takes a page from its seat. Returns the seat, if the page had one. */
  leave(page: LabPage): SeatRecord | undefined
  /** Takes all pages from their seats. */
  clear(): void
}

export function createAttendance(): Attendance {
  const seats = new Map<LabPage, SeatRecord>()
  const visits = new Map<SeatRecord, Visit>()

  return {
    get here() {
      return visits.size
    },
    isHere: (seat) => visits.has(seat),
    seatOf: (page) => seats.get(page),
    visitOf: (seat) => visits.get(seat),
    sit(visit, seat) {
      const before = visits.get(seat)
      if (before) seats.delete(before.page)
      leave(visit.page)
      seats.set(visit.page, seat)
      visits.set(seat, visit)
      return before?.page === visit.page ? undefined : before
    },
    leave,
    clear() {
      seats.clear()
      visits.clear()
    },
  }

  function leave(page: LabPage): SeatRecord | undefined {
    const seat = seats.get(page)
    if (!seat) return undefined
    seats.delete(page)
    visits.delete(seat)
    return seat
  }
}
