/** Puts a session together: the lab, the clock, the lanes, and what the one means for the others. */
import type { Conditions as Network, Cursor, Cut, TransportName } from '../../server/protocol.ts'
import { sayBy } from '../transports/ask.ts'
import { createClock } from '../measure/clock.ts'
import { now } from '../now.ts'
import { createAway } from './away.ts'
import { condition } from './condition.ts'
import { createCrossings } from './crossings.ts'
import type { Way } from './crossings.ts'
import { createExchanges } from './exchanges.ts'
import { createForecast } from './forecast.ts'
import { openLab } from './lab.ts'
import type { Lab } from './lab.ts'
import { createLane } from './lane.ts'
import type { Lane } from './lane.ts'
import { createMessages } from './messages.ts'
import { holdsStreams } from './network.ts'
import { TRANSPORTS } from './order.ts'
import type { Parts, Session, SessionListener, ShownLane } from './session.ts'
import { createQuiet } from './quiet.ts'
import { carrier, newKey, publish } from './send.ts'
import { createSettings } from './settings.ts'
import { told } from './tell.ts'
import { recallToken, rememberToken } from './token.ts'
import type { Rest } from './wake.ts'

/** Without a lab (a network that lets no WebSocket through) the lanes begin without a clock, after this long. */
const LAB_PATIENCE_MS = 3000
const ANNOUNCED_MS = 4000

/** Said again while it goes on, well before it ends by itself. */
const TYPING_EVERY_MS = 2000

const NO_NAME = 'anonymous'

/** Eight hexadecimal digits. */
const PAGE_BYTES = 4

const FOUR: readonly ShownLane[] = TRANSPORTS.map((name) => ({ name, transport: name }))

type Mutable<T> = { -readonly [K in keyof T]: T[K] }

/** Opens the lab and, as soon as it has told where the room stands and what time it is, the lanes. */
export function openSession(
  { origin, address, shown = FOUR, transports, clockResolutionMs, person }: Parts,
  listener: SessionListener,
): Session {
  const { room } = address
  const page = newKey(PAGE_BYTES)
  const laneName = (name: string): string => `${page}.${name}`
  const clock = createClock(clockResolutionMs)
  const messages = createMessages()
  const exchanges = createExchanges()
  const own = new Set<Cursor>()
  let lab: Lab
  let begun = false
  let quietUntilMs = 0
  let wanted = address.ratePerSecond
  let lastOffsetMs: number | null = null
  let serviceMs: number | null = null
  const away = createAway()
  const quiet = createQuiet()
  let typedAtMs = -Infinity
  let patience: ReturnType<typeof setTimeout> | undefined

  const lanes: readonly Lane[] = shown.map((one) =>
    createLane(one, transports[one.transport], {
      messages,
      target: () => ({
        origin: one.origin ?? origin,
        room,
        lane: laneName(one.name),
        intervalMs: session.intervalMs,
        waitS: session.waitS,
      }),
      offsetMs: () => clock.at(now())?.offsetMs ?? null,
      changed: laneChanged,
      heard: () => listener.heard(),
      gap: (lane, first, last) => listener.say(told.gap(lane, first, last)),
      stirred: quiet.stir,
    }),
  )

  const laneNamed = (name: string): Lane | undefined => lanes.find((lane) => laneName(lane.name) === name)
  const crossings = createCrossings(laneNamed)
  const settings = createSettings(lanes, restartFigures)
  const forecast = createForecast(
    () => session,
    () => serviceMs,
  )

  const session: Mutable<Session> = {
    ...forecast,
    room,
    lanes,
    messages,
    clock,
    get offsetMs() {
      return lastOffsetMs
    },
    get roundTripMs() {
      return roundTripMs()
    },
    intervalMs: address.intervalMs,
    waitS: address.waitS,
    get ratePerSecond() {
      return settings.held?.ratePerSecond ?? null
    },
    instructor: false,
    refusal: null,
    get conditions() {
      return settings.held?.conditions ?? null
    },
    get conditionsBefore() {
      return settings.before
    },
    get presets() {
      return settings.presets
    },
    get bands() {
      return settings.bands
    },
    here: null,
    person: person ? { ...person, name: person.name || NO_NAME, client: page } : null,
    presence: null,
    resting: null,
    get unreachableSinceMs() {
      return away.sinceMs
    },
    get aways() {
      return away.stretches
    },
    quiet,
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
    setNetwork(conditions: Partial<Network>) {
      lab.set({ conditions })
    },
    cut(how: Cut = 'RST') {
      lab.cut(how)
    },
    restart() {
      lab.restart()
      announce(told.restart)
    },
    claim(token) {
      rememberToken(token)
      lab.claim(token)
    },
    clear() {
      for (const lane of lanes) lane.clear()
      listener.say(told.clear)
      listener.changed()
    },
    rename(name: string) {
      if (!session.person) return
      session.person = { ...session.person, name: name || NO_NAME }
      introduce()
    },
    typing(on: boolean) {
      if (!session.person || (on && now() - typedAtMs < TYPING_EVERY_MS)) return
      typedAtMs = on ? now() : -Infinity
      lab.typing(on)
    },
    async send(by: 'ws' | 'post', user: string, text: string, key: string) {
      const lane = carrier(lanes, by)
      if (!lane) throw new Error('no lane')
      own.add(await publish(lane, origin, room, user, text, key))
    },
    isOwn: (id: Cursor) => own.has(id),
    laneName,
    exchanges,
    inspect: (exchange: number) => lab.inspect(exchange),
    stateOf: (lane: Lane) => condition(lane, roundTripMs() ?? 0, session.queuedMs(lane), session.conditions),
    rest(why: Rest) {
      session.resting = why
      // When a tab is closed it is hidden first, and then has no lab any more.
      if (why === 'away' && session.person) sayBy({ origin, room, person: session.person }, 'leave')
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
      welcome({ cursor, instructor, settings: set, presets }) {
        settings.know(presets)
        crossings.startAgain()
        if (!begun) messages.startAt(cursor)
        settings.adopt(set)
        introduce()
        const token = recallToken()
        if (instructor) lead()
        else if (token !== null) lab.claim(token)
        else follow()
        listener.changed()
      },
      clock(sample, service) {
        clock.add(sample)
        lastOffsetMs = clock.at(now())?.offsetMs ?? null
        serviceMs = service
        if (lastOffsetMs !== null) for (const lane of lanes) lane.date(lastOffsetMs)
        away.end()
        begin()
      },
      settings: settings.adopt,
      instructor() {
        if (!session.instructor) listener.say(told.instructor)
        lead()
        listener.changed()
      },
      here(pages) {
        session.here = pages
      },
      presence(presence) {
        session.presence = presence
        listener.heard()
      },
      cut(how) {
        for (const lane of lanes) if (lane.on) lane.marks.cut(now(), how)
        announce(told.cut(how))
      },
      dropped(name, reason) {
        const lane = laneNamed(name)
        if (!lane) return
        lane.drop(reason)
        announce(told.dropped(lane, reason))
      },
      lanes(readings) {
        for (const reading of readings) {
          const lane = laneNamed(reading.lane)
          lane?.usage.take(reading, lane.ledger.counts.received)
        }
        const way = wayNow()
        // What was on its way when it was told of may be here by now.
        if (way) for (const lane of lanes) lane.crossed([], way)
      },
      wire(crossed) {
        exchanges.take(crossed)
        const way = wayNow()
        if (way) crossings.take(crossed, way)
      },
      trouble(sentence, code) {
        if (code === 'wrong-token') rememberToken(null)
        if (code === 'wrong-token' || code === 'too-many-tries') follow(sentence)
        listener.say(sentence)
        listener.changed()
      },
    })
    return lab
  }

  function introduce(): void {
    if (session.person) lab.introduce(session.person.userId, session.person.name)
  }

  /** Null while there is no clock: what crosses then cannot be placed. */
  function wayNow(): Way | null {
    const reading = clock.at(now())
    if (!reading) return null
    const { conditions } = session
    return {
      ...reading,
      oneWayMs: (roundTripMs() ?? 0) / 2,
      jitterMs: conditions?.jitterMs ?? 0,
      isBuffered: conditions !== null && holdsStreams(conditions),
      isLossy: (conditions?.lossRate ?? 0) > 0,
    }
  }

  function lead(): void {
    session.instructor = true
    session.refusal = null
    if (wanted !== null && wanted !== session.ratePerSecond) lab.set({ ratePerSecond: wanted })
    wanted = null
  }

  function follow(refusal = session.refusal): void {
    session.instructor = false
    session.refusal = refusal
    wanted = null
  }

  function begin(): void {
    if (begun) return
    begun = true
    clearTimeout(patience)
    for (const lane of lanes) {
      if (shown !== FOUR || address.lanes.includes(lane.transport)) lane.switchOn(messages.cursor)
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
      away.begin()
      if (!begun && session.resting === null) patience = setTimeout(beginWithoutLab, LAB_PATIENCE_MS)
    }
  }

  function restartFigures(sentence: string, afterMs = 0): void {
    for (const lane of lanes) lane.clear(afterMs)
    if (afterMs > 0) announce(sentence)
    else listener.say(sentence)
    listener.changed()
  }

  /** What was done to all lanes explains what each of them will say of it, and is not drowned by it. */
  function announce(sentence: string): void {
    quietUntilMs = now() + ANNOUNCED_MS
    listener.say(sentence)
  }

  /** Of the lanes: the clock goes over the lab's own line, which is never bent. */
  function roundTripMs(): number | null {
    return clock.roundTripMs === null ? null : clock.roundTripMs + bentMs(session.conditions)
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
    if (away.sinceMs === null && now() > quietUntilMs)
      listener.say(lane.troubled ? told.trouble(lane) : told.back(lane))
    listener.changed()
  }

  function noticeUnreachable(): void {
    const running = lanes.filter((lane) => lane.on)
    const failing = running.length > 0 && running.every((lane) => lane.troubled)
    if (failing && !lab.open && session.resting === null) away.begin()
    else away.end()
  }
}

/** What conditions add to a round trip, on average. */
function bentMs(network: Network | null): number {
  return network ? 2 * network.latencyMs + network.jitterMs : 0
}
