/** Passes each message of the lab on to the part of the session that needs it. */
import type { LabListener } from '../lab/lab.ts'
import { createCrossings } from '../lane/crossings.ts'
import { now } from '../now.ts'
import type { Announcer } from './announcer.ts'
import type { AbsenceDetector } from './absence.ts'
import type { Instructor } from './instructor.ts'
import type { SessionLanes } from './lanes.ts'
import { notices } from './notices.ts'
import type { People } from './people.ts'
import type { Reconnection } from './reconnection.ts'
import type { Recovery } from './recovery.ts'
import type { ServerClock } from './server-clock.ts'
import type { SandboxSession, SessionListener } from './session.ts'
import type { RoomSettings } from './room-settings.ts'
import type { Start } from './start.ts'

/** Parts of the session that need the lab's messages. */
interface Parts {
  readonly session: Pick<SandboxSession, 'clock' | 'messages' | 'exchanges'>
  readonly listener: SessionListener
  readonly announcer: Announcer
  readonly absence: AbsenceDetector
  readonly clock: ServerClock
  readonly instructor: Instructor
  readonly lanes: SessionLanes
  readonly people: People
  readonly reconnection: Reconnection
  readonly recovery: Recovery
  readonly settings: RoomSettings
  readonly start: Start
}

export function createLabListener({ session, listener, lanes, reconnection, ...parts }: Parts): LabListener {
  const { announcer, absence, clock, instructor, people, recovery, settings, start } = parts
  const crossings = createCrossings(lanes.named)

  return {
    welcome(welcome) {
      absence.labIsBack()
      reconnection.labIsBack()
      crossings.startAgain()
      if (!lanes.areStarted) session.messages.startAt(welcome.cursor)
      settings.adopt(welcome.settings, welcome.presets)
      people.welcome(welcome.user)
      instructor.welcome(welcome.instructor)
      listener.connected?.()
      listener.changed()
    },
    clock(sample, serviceMs) {
      recovery.look()
      if (recovery.isStale(sample)) return
      const offsetMs = clock.add(sample, serviceMs)
      if (offsetMs !== null) {
        for (const lane of lanes.all) lane.date(offsetMs)
        recovery.settle(offsetMs)
      }
      absence.end()
      start.begin()
    },
    settings(next) {
      reconnection.disconnected()
      settings.adopt(next)
    },
    instructor() {
      instructor.accepted()
      listener.changed()
    },
    here: people.here,
    presence(presence) {
      people.presence(presence)
      listener.heard()
    },
    cut(how) {
      for (const lane of lanes.all) if (lane.on) lane.marks.cut(now(), how)
      reconnection.announce(notices.cut(how))
    },
    dropped(name, reason) {
      const lane = lanes.named(name)
      if (!lane) return
      lane.drop(reason)
      announcer.announce(notices.dropped(lane, reason))
    },
    lanes(life, readings) {
      for (const reading of readings) {
        const lane = lanes.named(reading.lane)
        lane?.usage.take(life, reading, lane.ledger.counts.received)
      }
      const way = clock.way()
      // An event that was travelling at the last report may have arrived since.
      if (way) for (const lane of lanes.all) lane.crossed([], way)
      reconnection.look()
    },
    wire(crossed) {
      session.exchanges.take(crossed)
      const way = clock.way()
      if (way) crossings.take(crossed, way)
    },
    show(message) {
      listener.show?.(message)
    },
    trouble(sentence, code) {
      instructor.failed(sentence, code)
      if (listener.refused) listener.refused(sentence)
      else listener.say(sentence)
      listener.changed()
    },
    lost() {
      reconnection.disconnected()
      // The next connection may reach another server with another clock.
      session.clock.clear()
      absence.labLost()
      listener.changed()
    },
  }
}
