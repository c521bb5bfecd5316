/** A page's session on a board: it holds the log, the page's unconfirmed changes, and the people present. */
import type { Board, Change } from '../../server/protocol/board.ts'
import type { BoardAnswer } from '../../server/protocol/board-answer.ts'
import type { Event, Person, RoomPresence, TransportName } from '../../server/protocol/feed.ts'
import { Refused, pause, reach, refused as refusalOf, troubleOf } from '../transports/ask.ts'
import { createBackoff } from '../transports/backoff.ts'
import { startDeadline, withinDeadline } from '../transports/deadline.ts'
import { now } from '../now.ts'
import type { State, ClientTransport } from '../transports/transport.ts'
import { watchPace } from '../lane/pace.ts'
import type { Wakeful } from '../lane/wake.ts'
import type { Fallback } from './fallback.ts'
import { NOTHING_DONE, did, forgot, knows, learned, next } from './history.ts'
import type { HistoryStep } from './history.ts'
import { createLine } from './line.ts'
import { accepted, begin, heard, proposed, refused, rejoined, shown } from './optimistic.ts'
import type { Optimistic } from './optimistic.ts'
import { createOutbox } from './outbox.ts'
import { allow } from './rules.ts'
import { changeOf, isOfBoard, told } from './words.ts'

export interface BoardSession extends Wakeful {
  readonly room: string
  readonly person: Person
  /** Board that the page shows; null before the first snapshot. */
  readonly board: Board | null
  /** Board that the log describes, without this page's unconfirmed changes. */
  readonly confirmed: Board | null
  readonly cursor: string | null
  /** Ids of the tasks and lists that an unconfirmed change of this page affects. */
  readonly unconfirmed: ReadonlySet<string>
  /** Number of changes that the server has not answered yet. */
  readonly unsent: number
  /** Reason why the server refuses changes or does not return the board; empty if there is no such reason. */
  readonly trouble: string
  /** True if the server answered the last request with an error. */
  readonly isAnswered: boolean
  /** Reason why the page cannot reach the server at all; empty while the page has no sign of this. */
  readonly unreachable: string
  /** True if the server asks the person to sign in, because the person's session has ended or never began. */
  readonly isSignedOut: boolean
  readonly line: Fallback
  readonly connection: State | null
  readonly presence: RoomPresence | null
  readonly canUndo: boolean
  readonly canRedo: boolean
  /**
   * Shows a change at once and sends it to the server. If the rules refuse the change, shows the reason instead and
   * returns false.
   */
  change(change: Change): boolean
  undo(): void
  /** Makes the last undone change again, unless the person has made another change since. */
  redo(): void
  rename(name: string): void
  typing(on: boolean): void
  /** Uses only this transport. With null, uses the best transport that works. */
  use(only: TransportName | null): void
}

export interface BoardSessionParts {
  readonly origin: string
  readonly room: string
  readonly person: Person
  readonly only: TransportName | null
  readonly transports: Readonly<Record<TransportName, ClientTransport>>
  newKey(): string
  say(sentence: string): void
  changed(): void
}

/**
 * If the server accepted a change, and a transport that seems to work has not delivered it after this time, the network
 * holds the transport's events back.
 */
const WITHHELD_MS = 6000
const ANSWER_MS = 10_000
/**
 * If the transport delivers nothing for this time, the page checks whether it can reach the server at all. A
 * reconnection after a cut takes less time.
 */
const PATIENCE_MS = 2000
/** A page that did not run for this long has missed heartbeats of the server. */
const HEARTBEATS_MS = 30_000

export function openBoard(parts: BoardSessionParts): BoardSession {
  const { origin, room, transports, newKey, say, changed } = parts
  const url = `${origin}/boards/${room}`
  let { person, only } = parts
  let state: Optimistic | null = null
  let history = NOTHING_DONE
  let presence: RoomPresence | null = null
  let trouble = ''
  let unreachable = ''
  let isReaching = false
  let isAnswered = false
  let isSignedOut = false
  let isHidden = false
  let isResting = false
  let loading = new AbortController()

  const line = createLine(
    { origin, room, lane: person.client, transports, person: () => person, cursor: () => state?.cursor ?? '0' },
    {
      events: hear,
      gap: load,
      presence(told) {
        presence = told
        changed()
      },
      changed() {
        if (line.state.isLive) unreachable = ''
        else if (now() - line.sinceMs > PATIENCE_MS) void lookWhetherReachable()
        changed()
      },
    },
  )
  const outbox = createOutbox(url, `${person.client}.board`, {
    accepted(key, id) {
      if (state) state = accepted(state, key, id)
      if (state?.pending.some((one) => one.key === key)) startDeadline(WITHHELD_MS, () => expectSeen(key))
      changed()
    },
    refused(key, why) {
      if (state) state = refused(state, key)
      history = forgot(history, key)
      say(`The change was refused: ${why}`)
      changed()
    },
    trouble: troubled,
  })
  // A hidden page's timers run late although its connections still work.
  const pace = watchPace({
    late: (ms) => void (ms > HEARTBEATS_MS && !isHidden && check()),
    // The computer may have slept, so the page's connections may be dead.
    movedApart: (ms) => (ms > 0 && !isHidden && !isResting ? goOn() : void check()),
  })
  void load()

  return {
    room,
    get person() {
      return person
    },
    get board() {
      return state && shown(state)
    },
    get confirmed() {
      return state?.confirmed ?? null
    },
    get cursor() {
      return state?.cursor ?? null
    },
    get unconfirmed() {
      return new Set(state?.pending.map(({ change }) => ('task' in change ? change.task.id : change.list.id)))
    },
    get unsent() {
      return state?.pending.filter(({ id }) => id === null).length ?? 0
    },
    get trouble() {
      return trouble
    },
    get isAnswered() {
      return isAnswered
    },
    get unreachable() {
      return unreachable
    },
    get isSignedOut() {
      return isSignedOut
    },
    get line() {
      return line.state
    },
    get connection() {
      return line.is
    },
    get presence() {
      return presence
    },
    get canUndo() {
      return history.done.length > 0
    },
    get canRedo() {
      return history.undone.length > 0
    },
    change: (change) => make(change),
    undo: () => step('undo', 'Undo: you', 'Undo is not possible'),
    redo: () => step('redo', 'Redo: you', 'Redo is not possible'),
    rename(name) {
      person = { ...person, name }
      if (state && !isResting) line.open(only)
    },
    typing: (on) => line.typing(on),
    use(name) {
      only = name
      if (state && !isResting) line.open(only)
    },
    rest(why) {
      // A hidden page keeps its connections: the person is still present and expects an up-to-date board.
      isHidden ||= why === 'hidden'
      if (why === 'hidden') return
      isResting = true
      loading.abort()
      if (why === 'away') line.leave()
      else line.close()
    },
    wake() {
      isHidden = false
      pace.startAgain()
      if (isResting) goOn()
      else outbox.hurry()
    },
    check: () => void check(),
  }

  async function check(): Promise<void> {
    outbox.hurry()
    if (isResting) return
    if (!state) return load()
    if (!line.state.isLive) return line.open(only)
    await lookWhetherReachable()
    // If the page cannot reach the server, the open connections are dead. The browser may notice that much later, so
    // the page reconnects now.
    if (unreachable !== '' && !isResting) line.open(only)
  }

  /**
   * Checks whether the page can reach the server. If a transport is refused or silent, the page may still reach the
   * server.
   */
  async function lookWhetherReachable(): Promise<void> {
    if (isReaching) return
    isReaching = true
    const found = (await reach(origin)) ?? ''
    isReaching = false
    if (found === unreachable || isResting) return
    unreachable = found
    changed()
  }

  /** Stores the reason of the last failure. `null` means that the server has answered. */
  function troubled(error: unknown): void {
    const before = [trouble, isSignedOut]
    trouble = error === null ? '' : troubleOf(error)
    isAnswered = error instanceof Refused
    isSignedOut = error instanceof Refused && error.status === 401
    if (before[0] !== trouble || before[1] !== isSignedOut) changed()
  }

  function make(wish: Change, as?: HistoryStep): boolean {
    if (!state) return false
    const board = shown(state)
    const answer = allow(board, wish)
    if ('refused' in answer) {
      say(answer.detail)
      return false
    }
    const key = newKey()
    state = proposed(state, key, answer.allowed)
    history = did(history, board, key, answer.allowed, as)
    outbox.add(key, person.name, answer.allowed)
    changed()
    return true
  }

  function step(which: HistoryStep, who: string, refusal: string): void {
    const found = next(history, which)
    if (!found || !state) return
    history = found.rest
    const { back, changedBy } = found.last
    const board = shown(state)
    if (changedBy !== null) say(`${refusal}: ${changedBy} has changed the same task or list since.`)
    else if (make(back, which)) say(told(who, back, board))
    changed()
  }

  function hear(events: readonly Event[]): void {
    for (const event of events) {
      if (!state) return
      const before = state
      const after = heard(state, event)
      if (after === null) return void load()
      if (after === state) continue
      state = after
      if (event.type === 'board_deleted') {
        history = NOTHING_DONE
        say('The instructor has deleted this board. The board starts again from the beginning.')
      }
      if (!isOfBoard(event)) continue
      const change = changeOf(event)
      const isOwn = before.pending.some(({ key }) => key === event.key) || knows(history, event.key)
      history = learned(history, before.confirmed, { key: event.key, user: event.user, change }, isOwn)
      if (!isOwn) say(told(event.user, change, before.confirmed))
    }
    changed()
  }

  function expectSeen(key: string): void {
    if (!isResting && line.state.isLive && state?.pending.some((one) => one.key === key))
      line.withheld('it did not deliver a change that the server had accepted')
  }

  function goOn(): void {
    isResting = false
    outbox.hurry()
    if (state) line.open(only)
    else void load()
  }

  /** Fetches the board, and then reads the log over the best transport that works. */
  async function load(): Promise<void> {
    loading.abort()
    loading = new AbortController()
    const { signal } = loading
    const backoff = createBackoff()
    line.close()
    while (!signal.aborted) {
      try {
        const answer = await read(signal)
        if (signal.aborted) return
        state = state ? rejoined(state, answer) : begin(answer)
        troubled(null)
        line.open(only)
        return changed()
      } catch (error) {
        if (signal.aborted) return
        troubled(error)
        await pause(backoff.nextMs(), signal)
      }
    }
  }

  async function read(signal: AbortSignal): Promise<BoardAnswer> {
    const request = async (within: AbortSignal): Promise<BoardAnswer> => {
      const response = await fetch(url, { signal: within })
      const text = await response.text()
      if (!response.ok) throw refusalOf(response, text)
      return JSON.parse(text)
    }
    return withinDeadline(ANSWER_MS, request, signal)
  }
}
