/**
 * The lanes of the session. This file creates the lanes, starts them, switches them on and off, and shows them on the
 * page.
 */
import { createLane } from '../lane/lane.ts'
import type { Lane, Surroundings } from '../lane/lane.ts'
import { TRANSPORTS } from '../lane/order.ts'
import { transports as described } from '../transports/index.ts'
import { notices } from './notices.ts'
import type { SandboxSession, SessionActs, SessionListener, SessionParts, ShownLane, Writable } from './session.ts'
import type { SettingName } from '../transports/transport.ts'

export interface SessionLanes extends Pick<SessionActs, 'show' | 'switchOn' | 'only' | 'arrange' | 'set' | 'clear'> {
  /** Every lane, even if it is not on the page. A lane that is not on the page is off. */
  readonly all: readonly Lane[]
  readonly areStarted: boolean
  /** Returns the lane whose full name at the server is this; undefined for a lane of another page. */
  named(name: string): Lane | undefined
  /** Switches on the lanes that are on in the address. */
  start(): void
  /** Reconnects all lanes if they have started. */
  wake(): void
  /** Starts the figures of all lanes again, and announces the reason. */
  restartFigures(sentence: string): void
}

const ALL_LANES: readonly ShownLane[] = TRANSPORTS.map((name) => ({ name, transport: name }))

export function createLanes(
  { origin, address, shown = ALL_LANES, transports }: SessionParts,
  session: Pick<SandboxSession, 'room' | 'messages' | 'laneName' | 'resting'> & Writable<'lanes' | SettingName>,
  listener: SessionListener,
  surroundings: Pick<Surroundings, 'look' | 'offsetMs' | 'changed' | 'activity'>,
): SessionLanes {
  const { room, messages } = session
  let areStarted = false

  const all: readonly Lane[] = shown.map((one) =>
    createLane(one, transports[one.transport], {
      ...surroundings,
      messages,
      target: () => ({
        origin: one.origin ?? origin,
        room,
        lane: session.laneName(one.name),
        intervalMs: session.intervalMs,
        waitS: session.waitS,
      }),
      heard: () => listener.heard(),
      gap: (lane, first, last) => listener.say(notices.gap(lane, first, last)),
    }),
  )
  const areOptional = shown === ALL_LANES
  const isOff = ({ name, transport }: Lane): boolean =>
    areOptional ? address.off.includes(transport) : shown.some((one) => one.name === name && one.isOff === true)
  session.lanes = areOptional ? all.filter(({ transport }) => address.lanes.includes(transport)) : all

  return {
    all,
    get areStarted() {
      return areStarted
    },
    named: (name) => all.find((lane) => session.laneName(lane.name) === name),
    start() {
      areStarted = true
      for (const lane of all) turn(lane, session.lanes.includes(lane) && !isOff(lane))
    },
    wake() {
      if (areStarted) for (const lane of all) lane.wake()
    },
    show(transport, isShown) {
      const isOn = (lane: Lane): boolean => (lane.transport === transport ? isShown : session.lanes.includes(lane))
      const next = all.filter(isOn)
      const lane = all.find((one) => one.transport === transport)
      if (!lane || next.length === 0 || next.length === session.lanes.length) return
      session.lanes = next
      turn(lane, isShown && areStarted)
      listener.say(isShown ? notices.added(lane) : notices.takenOff(lane))
      listener.changed()
    },
    switchOn(lane, on) {
      turn(lane, on)
      listener.say(notices.switched(lane))
      listener.changed()
    },
    only(lane) {
      const alone = session.lanes.every((other) => other.on === (other === lane))
      // This loop stops other lanes before any lane starts. A stopping lane's last events can move the cursor at which
      // the others start.
      for (const other of session.lanes) if (other !== lane && !alone) other.switchOff()
      for (const other of session.lanes) if (other === lane || alone) other.switchOn(messages.cursor)
      listener.say(alone ? notices.allAgain : notices.alone(lane))
      listener.changed()
    },
    arrange(shown, off) {
      session.lanes = all.filter(({ transport }) => shown.includes(transport))
      const isOn = (lane: Lane): boolean => session.lanes.includes(lane) && !off.includes(lane.transport)
      // As in `only`, lanes stop before others start.
      for (const lane of all) if (!isOn(lane)) lane.switchOff()
      for (const lane of all) if (isOn(lane) && areStarted) lane.switchOn(messages.cursor)
      listener.say(notices.arranged)
      listener.changed()
    },
    set({ name, verb, perSecond }, value) {
      session[name] = value
      const isRunning = areStarted && session.resting === null
      for (const lane of all) if (isRunning && described[lane.transport].setting?.name === name) lane.wake()
      restartFigures(notices.setting(verb, value / perSecond))
    },
    clear: () => restartFigures(notices.clear),
    restartFigures,
  }

  function turn(lane: Lane, on: boolean): void {
    if (on) lane.switchOn(messages.cursor)
    else lane.switchOff()
  }

  function restartFigures(sentence: string): void {
    for (const lane of all) lane.clear()
    listener.say(sentence)
    listener.changed()
  }
}
