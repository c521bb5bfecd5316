/** Puts a session together: the lab, the clock, the lanes, and what the one means for the others. */
import type { Settings, TransportName } from '../../server/protocol.ts'
import { createClock } from '../measure/clock.ts'
import { expected } from '../measure/model.ts'
import type { Conditions } from '../measure/model.ts'
import { now } from '../now.ts'
import { condition } from './condition.ts'
import { expectedCost } from './cost.ts'
import { openLab } from './lab.ts'
import type { Lab } from './lab.ts'
import { createLane } from './lane.ts'
import type { Lane } from './lane.ts'
import { createMessages } from './messages.ts'
import { TRANSPORTS } from './order.ts'
import type { Parts, Session, SessionListener } from './session.ts'
import { carrier, newKey, publish } from './send.ts'
import { told } from './tell.ts'
import type { Rest } from './wake.ts'

/** Without a lab (a network that lets no WebSocket through) the lanes begin without a clock, after this long. */
const LAB_PATIENCE_MS = 3000

/** Eight hexadecimal digits. */
const PAGE_BYTES = 4

type Mutable<T> = { -readonly [K in keyof T]: T[K] }

/** Opens the lab and, as soon as it has told where the room stands and what time it is, the lanes. */
export function openSession(
  { origin, address, transports, clockResolutionMs }: Parts,
  listener: SessionListener,
): Session {
  const { room } = address
  const page = newKey(PAGE_BYTES)
  const laneName = (name: TransportName): string => `${page}.${name}`
  const clock = createClock(clockResolutionMs)
  const messages = createMessages()
  let lab: Lab
  let begun = false
  let settings: Settings | null = null
  let wanted = address.ratePerSecond
  let lastOffsetMs: number | null = null
  let serviceMs: number | null = null
  let unreachableSinceMs: number | null = null
  let patience: ReturnType<typeof setTimeout> | undefined

  const lanes: readonly Lane[] = TRANSPORTS.map((name) =>
    createLane(name, transports[name], {
      messages,
      target: () => ({ origin, room, lane: laneName(name), intervalMs: session.intervalMs, waitS: session.waitS }),
      offsetMs: () => clock.at(now())?.offsetMs ?? null,
      changed: laneChanged,
      heard: () => listener.heard(),
      gap: (lane, first, last) => listener.say(told.gap(lane, first, last)),
    }),
  )

  const session: Mutable<Session> = {
    room,
    lanes,
    messages,
    clock,
    get offsetMs() {
      return lastOffsetMs
    },
    intervalMs: address.intervalMs,
    waitS: address.waitS,
    get ratePerSecond() {
      return settings?.ratePerSecond ?? null
    },
    instructor: false,
    here: null,
    resting: null,
    get unreachableSinceMs() {
      return unreachableSinceMs
    },
    get heardAtMs() {
      return lab.heardAtMs
    },
    queuedMs: () => null,
    switchOn(lane, on) {
      if (on) lane.switchOn(messages.cursor)
      else lane.switchOff()
      listener.say(told.switched(lane))
      listener.changed()
    },
    only(lane: Lane) {
      const alone = lanes.every((other) => other.on === (other === lane))
      // Those that stop, stop first: what one of them still brings moves the position from which the others start.
      for (const other of lanes) if (other !== lane && !alone) other.switchOff()
      for (const other of lanes) if (other === lane || alone) other.switchOn(messages.cursor)
      listener.say(alone ? told.allAgain : told.alone(lane))
      listener.changed()
    },
    setInterval(ms: number) {
      session.intervalMs = ms
      reset('short-poll', told.interval(ms))
    },
    setWait(s: number) {
      session.waitS = s
      reset('long-poll', told.wait(s))
    },
    setRate(perSecond: number) {
      lab.set({ ratePerSecond: perSecond })
    },
    clear() {
      for (const lane of lanes) lane.clear()
      listener.say(told.clear)
      listener.changed()
    },
    send(by: 'ws' | 'post', user: string, text: string, key: string) {
      const lane = carrier(lanes, by)
      return lane ? publish(lane, origin, room, user, text, key) : Promise.reject(new Error('no lane'))
    },
    stateOf: (lane: Lane) => condition(lane, clock.roundTripMs ?? 0, session.queuedMs(lane)),
    expected(lane: Lane) {
      const conditions = modelled()
      return conditions && expected(lane.transport, conditions)
    },
    expectedBytes(lane: Lane) {
      const conditions = modelled()
      return conditions && expectedCost(lane, conditions)
    },
    rest(why: Rest) {
      session.resting = why
      lab.stop()
      clearTimeout(patience)
      for (const lane of lanes) lane.rest(why)
      listener.changed()
    },
    wake() {
      session.resting = null
      // Asleep, a clock may have stood still: what was known of it is not to be believed.
      clock.clear()
      lab.stop()
      startLab()
      if (begun) for (const lane of lanes) lane.wake()
      listener.changed()
    },
    jump(ms: number) {
      listener.say(told.jump(ms))
      session.wake()
    },
    stop() {
      clearTimeout(patience)
      lab.stop()
      for (const lane of lanes) lane.switchOff()
    },
  }
  lab = startLab()
  return session

  function startLab(): Lab {
    if (!begun) patience = setTimeout(beginWithoutLab, LAB_PATIENCE_MS)
    lab = openLab(origin, room, page, {
      welcome({ cursor, instructor, settings: set }) {
        session.instructor = instructor
        if (!begun) messages.startAt(cursor)
        adopt(set)
        if (instructor && wanted !== null && wanted !== set.ratePerSecond) lab.set({ ratePerSecond: wanted })
        wanted = null
        listener.changed()
      },
      clock(sample, service) {
        clock.add(sample)
        lastOffsetMs = clock.at(now())?.offsetMs ?? null
        serviceMs = service
        if (lastOffsetMs !== null) for (const lane of lanes) lane.date(lastOffsetMs)
        unreachableSinceMs = null
        begin()
      },
      settings: adopt,
      here(pages) {
        session.here = pages
      },
      lanes(readings) {
        for (const reading of readings) {
          const lane = lanes.find(({ transport }) => laneName(transport) === reading.lane)
          lane?.usage.take(reading, lane.ledger.counts.received)
        }
      },
      trouble: (sentence) => listener.say(sentence),
    })
    return lab
  }

  function modelled(): Conditions | null {
    const { roundTripMs } = clock
    if (roundTripMs === null) return null
    const { intervalMs, waitS } = session
    return { intervalMs, waitS, roundTripMs, serviceMs: serviceMs ?? 0, ratePerSecond: session.ratePerSecond ?? 1 }
  }

  function begin(): void {
    if (begun) return
    begun = true
    clearTimeout(patience)
    for (const lane of lanes) {
      if (address.lanes.includes(lane.transport)) lane.switchOn(messages.cursor)
      else lane.switchOff()
    }
  }

  /** A poll without a cursor tells where the room stands. The delays stay unknown until there is a clock. */
  async function beginWithoutLab(): Promise<void> {
    try {
      const answer = await fetch(`${origin}/feed/${room}/poll`)
      const { cursor }: { cursor: string } = await answer.json()
      if (begun) return
      messages.startAt(cursor)
      begin()
      listener.say(told.noLab)
    } catch {
      unreachableSinceMs ??= now()
      if (!begun && session.resting === null) patience = setTimeout(beginWithoutLab, LAB_PATIENCE_MS)
    }
  }

  function adopt(next: Settings): void {
    const changed = settings !== null && settings.ratePerSecond !== next.ratePerSecond
    settings = next
    if (!changed) return
    for (const lane of lanes) lane.clear()
    listener.say(told.rate(next.ratePerSecond))
    listener.changed()
  }

  function reset(name: TransportName, sentence: string): void {
    for (const lane of lanes) if (lane.transport === name && begun && session.resting === null) lane.wake()
    for (const lane of lanes) lane.clear()
    listener.say(sentence)
    listener.changed()
  }

  function laneChanged(lane: Lane, wasTroubled: boolean): void {
    noticeUnreachable()
    // One bar for all of them where the server itself is away.
    if (lane.troubled === wasTroubled) return
    if (unreachableSinceMs === null) listener.say(lane.troubled ? told.trouble(lane) : told.back(lane))
    listener.changed()
  }

  function noticeUnreachable(): void {
    const running = lanes.filter((lane) => lane.on)
    const failing = running.length > 0 && running.every((lane) => lane.troubled)
    if (failing && !lab.open && session.resting === null) unreachableSinceMs ??= now()
    else unreachableSinceMs = null
  }
}
