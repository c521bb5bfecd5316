/** Creates a session from its parts, and connects the session to the lab. */
import type { Cursor } from '../../server/protocol/feed.ts'
import { openLab } from '../lab/lab.ts'
import type { Lab } from '../lab/lab.ts'
import type { Lane } from '../lane/lane.ts'
import { createMessages } from '../lane/messages.ts'
import { carrier, newKey, publish } from '../lane/send.ts'
import { createClock } from '../measure/clock.ts'
import { createAnnouncer } from './announcer.ts'
import { createAbsenceDetector } from './absence.ts'
import { laneStatus } from './lane-status.ts'
import { createExchanges } from './exchanges.ts'
import { createForecast } from './forecast.ts'
import { createInstructor } from './instructor.ts'
import { createLabListener } from './lab-listener.ts'
import { createLanes } from './lanes.ts'
import { createPeople } from './people.ts'
import { createQuiet } from './quiet.ts'
import { createReconnection } from './reconnection.ts'
import { createRecovery } from './recovery.ts'
import { createServerClock } from './server-clock.ts'
import type { SandboxSession, SessionFacts, SessionListener, SessionParts, Writable } from './session.ts'
import { createRoomSettings } from './room-settings.ts'
import { createStart } from './start.ts'

/** Number of random bytes in the page's name. The name has eight hexadecimal digits. */
const PAGE_BYTES = 4

/**
 * Opens the session and its connection to the lab. The lanes start when the lab has sent the room's cursor and the
 * time.
 */
export function openSession(given: SessionParts, listener: SessionListener): SandboxSession {
  const { origin, address, clockResolutionMs } = given
  const { room, intervalMs, waitS } = address
  const page = newKey(PAGE_BYTES)
  const messages = createMessages()
  const quiet = createQuiet()
  const own = new Set<Cursor>()
  const say = (sentence: string): void => listener.say(sentence)
  const changed = (): void => listener.changed()
  let lab: Lab

  /** Facts of the session, which its parts read and write. */
  const facts: Writable<Exclude<keyof SessionFacts, 'statusOf'>> = {
    room,
    lanes: [],
    messages,
    clock: createClock(clockResolutionMs),
    offsetMs: null,
    roundTripMs: null,
    intervalMs,
    waitS,
    ratePerSecond: null,
    instructor: false,
    refusal: null,
    signedInAs: null,
    conditions: null,
    conditionsBefore: null,
    presets: [],
    bands: [],
    here: null,
    person: null,
    presence: null,
    resting: null,
    get isWithoutWebSocket() {
      return lab.isByHttp
    },
    unreachableSinceMs: null,
    absences: [],
    quiet,
    get heardAtMs() {
      return lab.heardAtMs
    },
    lateUntilMs: -Infinity,
    isOwn: (id) => own.has(id),
    laneName: (name) => `${page}.${name}`,
    exchanges: createExchanges(),
  }

  const announcer = createAnnouncer(say)
  const clock = createServerClock(facts)
  const forecast = createForecast(facts, clock)
  const lanes = createLanes(given, facts, listener, {
    look: () => recovery.look(),
    offsetMs: clock.offsetMs,
    changed: laneChanged,
    activity: quiet.noteActivity,
  })
  const absence = createAbsenceDetector(origin, facts, lanes, changed)
  const start = createStart(origin, facts, lanes, absence, say)
  const reconnection = createReconnection(facts, lanes.all, announcer.announce)
  const settings = createRoomSettings(facts, lanes, announcer, reconnection, changed)
  const recovery = createRecovery(origin, facts, () => lab, lanes, clock, announcer, reconnection, changed)
  const people = createPeople(given, page, facts, () => lab)
  const instructor = createInstructor(facts, () => lab, reconnection, address.ratePerSecond, say)
  const labListener = createLabListener({
    session: facts,
    listener,
    announcer,
    absence,
    clock,
    instructor,
    lanes,
    people,
    reconnection,
    recovery,
    settings,
    start,
  })

  const { show, switchOn, only, arrange, set, clear } = lanes
  const { claim, setRate, setNetwork, cut, restart } = instructor
  const { rename, typing } = people
  const acts = { show, switchOn, only, arrange, set, clear, claim, setRate, setNetwork, cut, restart, rename, typing }

  const session: SandboxSession = Object.assign(facts, acts, forecast, {
    queuedMs: () => null,
    async send(by, user, text, key) {
      const lane = carrier(lanes.all, by)
      if (!lane) throw new Error('the page has no lane that could send it')
      own.add(await publish(lane, origin, room, user, text, key))
    },
    inspect: (exchange) => lab.inspect(exchange),
    say: (saying) => lab.say(saying),
    statusOf: (lane) => laneStatus(lane, clock.roundTripMs() ?? 0, session.queuedMs(lane), facts.conditions),
    rest(why) {
      facts.resting = why
      absence.end()
      reconnection.cancel()
      if (why === 'away') people.leave()
      lab.stop()
      start.cancel()
      for (const lane of lanes.all) lane.rest(why)
      changed()
    },
    wake() {
      facts.resting = null
      recovery.startAgain()
      // A clock may have stood still while the page rested, so the old samples may be wrong.
      facts.clock.clear()
      lab.stop()
      startLab()
      lanes.wake()
      changed()
    },
    check() {
      if (facts.resting !== null) return
      for (const lane of lanes.all) lane.hurry()
      recovery.checkServer()
      start.hurry()
    },
    stop() {
      recovery.stop()
      start.cancel()
      lab.stop()
      for (const lane of lanes.all) lane.switchOff()
    },
  } satisfies Omit<SandboxSession, keyof typeof facts | keyof typeof acts | keyof typeof forecast>)
  startLab()
  return session

  function startLab(): void {
    start.awaitLab()
    lab = openLab(origin, room, page, labListener)
  }

  function laneChanged(lane: Lane, wasTroubled: boolean): void {
    absence.look()
    if (lane.troubled === wasTroubled) return
    // If the server itself is absent, one bar reports that for all lanes.
    if (facts.unreachableSinceMs === null) announcer.announceLane(lane)
    reconnection.look()
    changed()
  }
}
