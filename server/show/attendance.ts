/** Which page sits on which seat. A page has at most one seat, and a seat at most one page. */
import type { ShowGuest } from './guest.ts'
import type { SeatRecord } from './seats.ts'

export interface Attendance {
  /** Number of seats that are here. */
  readonly here: number
  isHere(seat: SeatRecord): boolean
  seatOf(guest: ShowGuest): SeatRecord | undefined
  guestOf(seat: SeatRecord): ShowGuest | undefined
  /** Puts a page on a seat. Returns the other page that had this seat, if there was one. */
  sit(guest: ShowGuest, seat: SeatRecord): ShowGuest | undefined
  /** Takes a page from its seat. Returns the seat, if the page had one. */
  leave(guest: ShowGuest): SeatRecord | undefined
  /** Takes all pages from their seats. */
  clear(): void
}

export function createAttendance(): Attendance {
  const seats = new Map<ShowGuest, SeatRecord>()
  const guests = new Map<SeatRecord, ShowGuest>()

  return {
    get here() {
      return guests.size
    },
    isHere: (seat) => guests.has(seat),
    seatOf: (guest) => seats.get(guest),
    guestOf: (seat) => guests.get(seat),
    sit(guest, seat) {
      const before = guests.get(seat)
      if (before) seats.delete(before)
      leave(guest)
      seats.set(guest, seat)
      guests.set(seat, guest)
      return before === guest ? undefined : before
    },
    leave,
    clear() {
      seats.clear()
      guests.clear()
    },
  }

  function leave(guest: ShowGuest): SeatRecord | undefined {
    const seat = seats.get(guest)
    if (!seat) return undefined
    seats.delete(guest)
    guests.delete(seat)
    return seat
  }
}
