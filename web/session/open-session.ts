/** Creates a session: connects the lab, the clock and the lanes, and passes changes of one on to the others. */
import type { Cursor } from '../../server/protocol/feed.ts'
import type { Conditions, Cut } from '../../server/protocol/lab.ts'
import { reach, sayBy } from '../transports/ask.ts'
import { transports as described } from '../transports/index.ts'
import { createClock } from '../measure/clock.ts'
import { now } from '../now.ts'
import { createAway } from './away.ts'
import { condition } from './condition.ts'
import { createCrossings } from '../lane/crossings.ts'
import type { Way } from '../lane/crossings.ts'
import { createExchanges } from './exchanges.ts'
import { createForecast } from './forecast.ts'
import { openLab } from '../lab/lab.ts'
import type { Lab } from '../lab/lab.ts'
import { createLane } from '../lane/lane.ts'
import type { Lane } from '../lane/lane.ts'
import { createMessages } from '../lane/messages.ts'
import { holdsStreams } from './network.ts'
import { TRANSPORTS } from '../lane/order.ts'
import type { SandboxSession, SessionListener, SessionParts, ShownLane } from './session.ts'
import { createQuiet } from './quiet.ts'
import { carrier, newKey, publish } from '../lane/send.ts'
import { createSettings } from './settings.ts'
import { notices } from './notices.ts'
import type { Setting } from '../transports/transport.ts'
import { claimSession } from '../lab/instructor.ts'
import { watchPace } from '../lane/pace.ts'
import { createReconnection } from './reconnection.ts'
import type { Rest } from '../lane/wake.ts'

/** If the lab has not answered after this time, the lanes start without a clock. */
const LAB_PATIENCE_MS = 3000
const ANNOUNCED_MS = 4000
/** A shorter delay is kept out of the figures, but not announced. */
const TOLD_MS = 800
/**
 * If a page did not run for this long, it has missed heartbeats, and its connections may be dead without any notice.
 */
const HEARTBEATS_MS = 30_000
/** If the server's clock seems to have moved by more than this, this computer slept. */
const SLEPT_MS = 500

/** Interval at which a typing mark is sent again, well before it ends by itself. */
const TYPING_EVERY_MS = 2000

const NO_NAME = 'anonymous'

/** Codes of errors after which the person at this page does not become the instructor. */
const REFUSALS = ['wrong-token', 'too-many-tries', 'wrong-origin', 'wrong-host']

/** Length of the page's random name, which is eight hexadecimal digits. */
const PAGE_BYTES = 4

const ALL_LANES: readonly ShownLane[] = TRANSPORTS.map((name) => ({ name, transport: name }))

type Mutable<T> = { -readonly [K in keyof T]: T[K] }

/** Opens the lab. As soon as the lab has sent the room's cursor and the time, the lanes are switched on. */
export function openSession(
  { origin, address, shown = ALL_LANES, transports, clockResolutionMs, person }: SessionParts,
  listener: SessionListener,
): SandboxSession {
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
  /**
   * True if the last announcement said that the computer was busy. It hides no action of the user, so it may be
   * repeated.
   */
  let isBusySaid = false
  let wanted = address.ratePerSecond
  /** Token that was sent to the lab and not answered yet. */
  let claimed: string | null = null
  let lastOffsetMs: number | null = null
  let lastRoundTripMs: number | null = null
  /** Difference of `ms` between this computer's two clocks. The next clock sample shows whether the computer slept. */
  let suspicion: { readonly atMs: number; readonly ms: number; readonly offsetMs: number | null } | null = null
  let isLabLost = false
  let isLooking = false
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
      look: () => pace.look(),
      offsetMs: () => clock.at(now())?.offsetMs ?? null,
      changed: laneChanged,
      heard: () => listener.heard(),
      gap: (lane, first, last) => listener.say(notices.gap(lane, first, last)),
      activity: quiet.noteActivity,
    }),
  )

  const areOptional = shown === ALL_LANES
  /** Lanes on the page. All other lanes are off. */
  let lanesNow = areOptional ? lanes.filter(({ transport }) => address.lanes.includes(transport)) : lanes

  const laneNamed = (name: string): Lane | undefined => lanes.find((lane) => laneName(lane.name) === name)
  const crossings = createCrossings(laneNamed)
  const settings = createSettings(lanes, restartFigures)
  const forecast = createForecast(
    () => ({ ...settingsNow(), roundTripMs: roundTripMs() }),
    () => serviceMs,
  )
  const pace = watchPace({ late, movedApart })
  const reconnection = createReconnection(
    lanes,
    () => Math.max(bentMs(session.conditions), bentMs(session.conditionsBefore)),
    announce,
  )

  const session: Mutable<SandboxSession> = {
    ...forecast,
    room,
    get lanes() {
      return lanesNow
    },
    show(transport, isShown) {
      const isOn = (lane: Lane): boolean => (lane.transport === transport ? isShown : lanesNow.includes(lane))
      const next = lanes.filter(isOn)
      const lane = lanes.find((one) => one.transport === transport)
      if (!lane || next.length === 0 || next.length === lanesNow.length) return
      lanesNow = next
      if (isShown && begun) lane.switchOn(messages.cursor)
      else lane.switchOff()
      listener.say(isShown ? notices.added(lane) : notices.takenOff(lane))
      listener.changed()
    },
    messages,
    clock,
    get offsetMs() {
      return lastOffsetMs
    },
    get roundTripMs() {
      return lastRoundTripMs
    },
    intervalMs: address.intervalMs,
    waitS: address.waitS,
    get ratePerSecond() {
      return settings.held?.ratePerSecond ?? null
    },
    instructor: false,
    refusal: null,
    signedInAs: null,
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
    get isWithoutWebSocket() {
      return lab.isByHttp
    },
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
    lateUntilMs: -Infinity,
    queuedMs: () => null,
    switchOn(lane, on) {
      if (on) lane.switchOn(messages.cursor)
      else lane.switchOff()
      listener.say(notices.switched(lane))
      listener.changed()
    },
    only(lane: Lane) {
      const alone = lanesNow.every((other) => other.on === (other === lane))
      // Lanes to stop are stopped first, because their last events can move the cursor from which the others
      // start.
      for (const other of lanesNow) if (other !== lane && !alone) other.switchOff()
      for (const other of lanesNow) if (other === lane || alone) other.switchOn(messages.cursor)
      listener.say(alone ? notices.allAgain : notices.alone(lane))
      listener.changed()
    },
    set({ name, verb, perSecond }: Setting, value: number) {
      session[name] = value
      for (const lane of lanes)
        if (described[lane.transport].setting?.name === name && begun && session.resting === null) lane.wake()
      for (const lane of lanes) lane.clear()
      listener.say(notices.setting(verb, value / perSecond))
      listener.changed()
    },
    setRate(perSecond: number) {
      lab.set({ ratePerSecond: perSecond })
    },
    setNetwork(conditions: Partial<Conditions>) {
      lab.set({ conditions })
    },
    cut(how: Cut = 'RST') {
      lab.cut(how)
    },
    restart() {
      lab.restart()
      announce(notices.restart)
      reconnection.disconnected()
      reconnection.announceWhenBack(() => notices.allBack(lanes), true)
    },
    claim(token) {
      claimed = token
      lab.claim(token)
    },
    clear() {
      for (const lane of lanes) lane.clear()
      listener.say(notices.clear)
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
    async send(by: 'socket' | 'post', user: string, text: string, key: string) {
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
      away.end()
      suspicion = null
      reconnection.cancel()
      // A closing tab is hidden first and has no lab any more, so the leave is sent by POST.
      if (why === 'away' && session.person) sayBy({ origin, room, person: session.person }, 'leave')
      lab.stop()
      clearTimeout(patience)
      for (const lane of lanes) lane.rest(why)
      listener.changed()
    },
    wake() {
      session.resting = null
      pace.startAgain()
      // A clock may have stood still while the page rested, so the old samples are not trusted.
      clock.clear()
      lab.stop()
      startLab()
      if (begun) for (const lane of lanes) lane.wake()
      listener.changed()
    },
    check() {
      if (session.resting !== null) return
      for (const lane of lanes) lane.hurry()
      checkServer()
      if (begun) return
      clearTimeout(patience)
      void beginWithoutLab()
    },
    stop() {
      pace.stop()
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
      welcome({ cursor, instructor, user, settings: set, presets }) {
        isLabLost = false
        reconnection.labIsBack()
        settings.know(presets)
        crossings.startAgain()
        if (!begun) messages.startAt(cursor)
        settings.adopt(set)
        if (user !== null && session.person) session.person = { ...session.person, userId: user, name: user }
        session.signedInAs = user
        introduce()
        if (instructor) lead()
        else follow()
        listener.changed()
      },
      clock(sample, service) {
        pace.look()
        // Half of the stamps of this sample may come from before a sleep.
        if (suspicion !== null && sample.t0 < suspicion.atMs) return
        clock.add(sample)
        const offsetMs = clock.at(now())?.offsetMs ?? null
        serviceMs = service
        if (offsetMs !== null) {
          lastOffsetMs = offsetMs
          lastRoundTripMs = roundTripMs()
          for (const lane of lanes) lane.date(offsetMs)
          settleSuspicion(offsetMs)
        }
        away.end()
        begin()
      },
      settings(next) {
        reconnection.disconnected()
        settings.adopt(next)
      },
      instructor() {
        if (!session.instructor) listener.say(notices.instructor)
        // The lab's grant holds for its own connection. The session cookie holds for every page of this browser.
        if (claimed !== null) void claimSession(claimed)
        claimed = null
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
        announce(notices.cut(how))
        reconnection.disconnected()
        reconnection.announceWhenBack(() => notices.allBack(lanes))
      },
      dropped(name, reason) {
        const lane = laneNamed(name)
        if (!lane) return
        lane.drop(reason)
        announce(notices.dropped(lane, reason))
      },
      lanes(life, readings) {
        for (const reading of readings) {
          const lane = laneNamed(reading.lane)
          lane?.usage.take(life, reading, lane.ledger.counts.received)
        }
        const way = wayNow()
        // An event that was under way at the last report may have arrived by now.
        if (way) for (const lane of lanes) lane.crossed([], way)
        reconnection.look()
      },
      wire(crossed) {
        exchanges.take(crossed)
        const way = wayNow()
        if (way) crossings.take(crossed, way)
      },
      trouble(sentence, code) {
        if (REFUSALS.includes(code)) follow(sentence)
        listener.say(sentence)
        listener.changed()
      },
      lost() {
        isLabLost = true
        reconnection.disconnected()
        // The next connection may reach another server with another clock.
        clock.clear()
        noticeUnreachable()
        listener.changed()
      },
    })
    return lab
  }

  /**
   * Handles a time in which the page did not run. This computer caused it, so the connections stay, and messages that
   * arrived meanwhile are not measured.
   */
  function late(ms: number): void {
    if (session.resting !== null) return
    session.lateUntilMs = now()
    for (const lane of lanes) lane.keepOut(session.lateUntilMs)
    if (begun && ms >= TOLD_MS && (isBusySaid || now() > quietUntilMs)) {
      announce(notices.busy(ms))
      isBusySaid = true
    }
    if (ms > HEARTBEATS_MS) checkServer()
  }

  /** Checks whether the server answers. If not, open connections may be dead, so every lane reconnects. */
  function checkServer(): void {
    if (lab.check(() => reconnectAll(notices.unanswered))) return
    void reach(origin).then((why) => why !== null && session.resting === null && reconnectAll(notices.unanswered))
  }

  /**
   * Handles a jump between this computer's clocks, caused by a sleep or by a person who set the wall clock. After a
   * sleep, the server's clock seems to have moved too.
   */
  function movedApart(ms: number): void {
    if (session.resting !== null) return
    suspicion = { atMs: now(), ms, offsetMs: clock.at(now())?.offsetMs ?? null }
    clock.clear()
    checkServer()
  }

  function settleSuspicion(offsetMs: number): void {
    const before = suspicion
    suspicion = null
    if (before !== null && before.offsetMs !== null && Math.abs(offsetMs - before.offsetMs) > SLEPT_MS)
      reconnectAll(notices.slept(before.ms))
  }

  function reconnectAll(sentence: string): void {
    suspicion = null
    announce(sentence)
    reconnection.disconnected()
    reconnection.announceWhenBack(() => notices.allBack(lanes))
    if (begun) for (const lane of lanes) lane.wake()
    listener.changed()
  }

  function settingsNow() {
    const { conditions, intervalMs, waitS, ratePerSecond } = session
    return { conditions, intervalMs, waitS, ratePerSecond }
  }

  function introduce(): void {
    if (session.person) lab.introduce(session.person.userId, session.person.name)
  }

  /** Current clock and network conditions; null without a clock, because crossings then have no known time. */
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
      if (lanesNow.includes(lane) && !(areOptional && address.off.includes(lane.transport)))
        lane.switchOn(messages.cursor)
      else lane.switchOff()
    }
  }

  /** Starts the lanes without the lab, from the cursor of a poll. Delays stay unknown until there is a clock. */
  async function beginWithoutLab(): Promise<void> {
    try {
      const answer = await fetch(`${origin}/feed/${room}/poll`)
      const { cursor }: { cursor: string } = await answer.json()
      if (begun) return
      messages.startAt(cursor)
      begin()
      listener.say(notices.noLab)
    } catch {
      away.begin()
      clearTimeout(patience)
      if (!begun && session.resting === null) patience = setTimeout(beginWithoutLab, LAB_PATIENCE_MS)
    }
  }

  /**
   * Starts all figures again and announces the reason. `sentenceBack` is announced when all lanes are back, if the
   * change disconnects them.
   */
  function restartFigures(sentence: string, afterMs = 0, sentenceBack?: string): void {
    for (const lane of lanes) lane.clear(afterMs)
    if (afterMs > 0) announce(sentence)
    else listener.say(sentence)
    if (sentenceBack !== undefined) reconnection.announceWhenBack(() => sentenceBack)
    listener.changed()
  }

  /** Announces an event that affects all lanes. For a while after it, messages about single lanes are left out. */
  function announce(sentence: string): void {
    quietUntilMs = now() + ANNOUNCED_MS
    isBusySaid = false
    listener.say(sentence)
  }

  /**
   * Round trip of the lanes. The clock uses the lab's WebSocket, which network conditions do not affect, so they are
   * added here. Plain HTTP is affected, so nothing is added.
   */
  function roundTripMs(): number | null {
    if (clock.roundTripMs === null || lab.isByHttp) return clock.roundTripMs
    return clock.roundTripMs + bentMs(session.conditions)
  }

  function laneChanged(lane: Lane, wasTroubled: boolean): void {
    noticeUnreachable()
    // If the server itself is absent, one bar stands for all lanes.
    if (lane.troubled === wasTroubled) return
    // A lane that was switched off or rests is out of trouble without being back.
    const isSaid = lane.troubled || (lane.state.is !== 'off' && lane.state.is !== 'resting')
    if (isSaid && away.sinceMs === null && now() > quietUntilMs)
      listener.say(lane.troubled ? notices.trouble(lane) : notices.back(lane))
    reconnection.look()
    listener.changed()
  }

  function noticeUnreachable(): void {
    if (isNothingHeard()) void lookWhetherAway()
    else if (begun) away.end()
  }

  function isNothingHeard(): boolean {
    return begun && isLabLost && session.resting === null && lanes.every((lane) => !lane.on || lane.troubled)
  }

  /**
   * Checks whether the server is absent. A refused lab and refused lanes do not prove it, for example if only
   * upgrades are refused.
   */
  async function lookWhetherAway(): Promise<void> {
    if (isLooking) return
    isLooking = true
    const why = await reach(origin)
    isLooking = false
    if (why !== null && isNothingHeard()) away.begin()
    else if (begun) away.end()
    listener.changed()
  }
}

/** Average time that network conditions add to a round trip. */
function bentMs(network: Conditions | null): number {
  return network ? 2 * network.latencyMs + network.jitterMs : 0
}
