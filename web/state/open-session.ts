/** Puts a session together: the lab, the clock, the lanes, and what the one means for the others. */
import type { Conditions as Network, Preset, Settings, TransportName } from '../../server/protocol.ts'
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
import { areEqual, describeNetwork, holdsStreams, isNeutral } from './network.ts'
import type { Band } from './network.ts'
import { TRANSPORTS } from './order.ts'
import type { Parts, Session, SessionListener } from './session.ts'
import { carrier, newKey, publish } from './send.ts'
import { told } from './tell.ts'
import { recallToken, rememberToken } from './token.ts'
import type { Rest } from './wake.ts'

/** Without a lab (a network that lets no WebSocket through) the lanes begin without a clock, after this long. */
const LAB_PATIENCE_MS = 3000

/** Until all lanes are back, as late as their backoff lets them be: what is published meanwhile waits for that and not for the transport. */
const NEW_WIRE_MS = 1000
const MOST_BANDS = 40
const ANNOUNCED_MS = 4000

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
  let presets: readonly Preset[] = []
  let bands: readonly Band[] = []
  let quietUntilMs = 0
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
    get roundTripMs() {
      return roundTripMs()
    },
    intervalMs: address.intervalMs,
    waitS: address.waitS,
    get ratePerSecond() {
      return settings?.ratePerSecond ?? null
    },
    instructor: false,
    refusal: null,
    get conditions() {
      return settings?.conditions ?? null
    },
    get presets() {
      return presets
    },
    get bands() {
      return bands
    },
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
    setNetwork(conditions: Partial<Network>) {
      lab.set({ conditions })
    },
    cut() {
      lab.cut('RST')
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
    send(by: 'ws' | 'post', user: string, text: string, key: string) {
      const lane = carrier(lanes, by)
      return lane ? publish(lane, origin, room, user, text, key) : Promise.reject(new Error('no lane'))
    },
    isHeldBack: ({ transport }: Lane) =>
      transport === 'sse' && session.conditions !== null && holdsStreams(session.conditions),
    stateOf: (lane: Lane) => condition(lane, roundTripMs() ?? 0, session.queuedMs(lane), session.conditions),
    expected(lane: Lane) {
      // What waits until a buffer is full or a proxy lets it through, the model does not know.
      if (session.isHeldBack(lane) || (lane.transport === 'ws' && session.conditions?.firewall)) return null
      const conditions = modelled()
      return conditions && expected(lane.transport, conditions)
    },
    expectedBytes(lane: Lane) {
      if (session.isHeldBack(lane) || (lane.transport === 'ws' && session.conditions?.firewall)) return null
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
      welcome({ cursor, instructor, settings: set, presets: known }) {
        presets = known
        if (!begun) messages.startAt(cursor)
        adopt(set)
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
        unreachableSinceMs = null
        begin()
      },
      settings: adopt,
      instructor() {
        if (!session.instructor) listener.say(told.instructor)
        lead()
        listener.changed()
      },
      here(pages) {
        session.here = pages
      },
      cut() {
        for (const lane of lanes) if (lane.on) lane.marks.cut(now())
        announce(told.cut)
      },
      lanes(readings) {
        for (const reading of readings) {
          const lane = lanes.find(({ transport }) => laneName(transport) === reading.lane)
          lane?.usage.take(reading, lane.ledger.counts.received)
        }
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

  function lead(): void {
    session.instructor = true
    session.refusal = null
    if (wanted !== null && wanted !== settings?.ratePerSecond) lab.set({ ratePerSecond: wanted })
    wanted = null
  }

  function follow(refusal = session.refusal): void {
    session.instructor = false
    session.refusal = refusal
    wanted = null
  }

  function modelled(): Conditions | null {
    const tripMs = roundTripMs()
    if (tripMs === null) return null
    const { intervalMs, waitS } = session
    return {
      intervalMs,
      waitS,
      roundTripMs: tripMs,
      serviceMs: serviceMs ?? 0,
      ratePerSecond: session.ratePerSecond ?? 1,
    }
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
    const before = settings
    settings = next
    const isBent = before === null ? !isNeutral(next.conditions) : !areEqual(before.conditions, next.conditions)
    if (isBent) bend(next.conditions)
    if (before === null) return
    // Refused again and again it waits ever longer, and there is nothing to wait for any more.
    if (before.conditions.firewall && !next.conditions.firewall)
      for (const lane of lanes) if (lane.transport === 'ws' && lane.state.is === 'reconnecting') lane.wake()
    if (isBent) return restartFigures(sentenceOf(before.conditions, next.conditions), NEW_WIRE_MS)
    if (before.ratePerSecond !== next.ratePerSecond) restartFigures(told.rate(next.ratePerSecond))
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

  function sentenceOf(before: Network, next: Network): string {
    if (isNeutral(next)) return told.neutral
    if (next.firewall && areEqual({ ...before, firewall: true }, next)) return told.firewall
    return told.network(describeNetwork(next, presets))
  }

  /** One stretch ends where the next begins. */
  function bend(conditions: Network): void {
    const atMs = now()
    bands = bands.map((band) => (band.toMs === null ? { ...band, toMs: atMs } : band)).slice(-MOST_BANDS)
    if (!isNeutral(conditions))
      bands = [...bands, { fromMs: atMs, toMs: null, name: describeNetwork(conditions, presets) }]
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
    if (unreachableSinceMs === null && now() > quietUntilMs)
      listener.say(lane.troubled ? told.trouble(lane) : told.back(lane))
    listener.changed()
  }

  function noticeUnreachable(): void {
    const running = lanes.filter((lane) => lane.on)
    const failing = running.length > 0 && running.every((lane) => lane.troubled)
    if (failing && !lab.open && session.resting === null) unreachableSinceMs ??= now()
    else unreachableSinceMs = null
  }
}

/** What conditions add to a round trip, on average. */
function bentMs(network: Network | null): number {
  return network ? 2 * network.latencyMs + network.jitterMs : 0
}
