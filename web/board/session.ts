/** A board in a page: what the log says, what the page has changed and is not confirmed yet, and who else is here. */
import type { Board, BoardAnswer, Change, Event, Person, RoomPresence, TransportName } from '../../server/protocol.ts'
import { Refused, pause, refused as refusalOf, troubleOf } from '../transports/ask.ts'
import { createBackoff } from '../transports/backoff.ts'
import type { State, Transport } from '../transports/transport.ts'
import type { Wakeful } from '../state/wake.ts'
import type { Fallback } from './fallback.ts'
import { NOTHING_DONE, did, forgot, knows, learned, next } from './history.ts'
import type { Step } from './history.ts'
import { createLine } from './line.ts'
import { accepted, begin, heard, proposed, refused, rejoined, shown } from './optimistic.ts'
import type { Optimistic } from './optimistic.ts'
import { createOutbox } from './outbox.ts'
import { allow } from './rules.ts'
import { changeOf, told } from './words.ts'

export interface BoardSession extends Wakeful {
  readonly room: string
  readonly person: Person
  /** As it is shown; null before it has come for the first time. */
  readonly board: Board | null
  /** As the log says. */
  readonly confirmed: Board | null
  readonly cursor: string | null
  /** Ids of tasks and lists with a change that is not confirmed yet. */
  readonly unconfirmed: ReadonlySet<string>
  /** Changes that the server has not answered. */
  readonly unsent: number
  /** Why the server does not answer; empty while it does. */
  readonly trouble: string
  /** The server asks who this is: the session has ended, or was never begun. */
  readonly isSignedOut: boolean
  readonly line: Fallback
  readonly connection: State | null
  readonly presence: RoomPresence | null
  readonly canUndo: boolean
  readonly canRedo: boolean
  /** Shows it at once and sends it. Where the rules refuse it, says why and answers false. */
  change(change: Change): boolean
  undo(): void
  /** Does again what was taken back last, as long as nothing else was done since. */
  redo(): void
  rename(name: string): void
  typing(on: boolean): void
  /** By one transport only, or by whatever works. */
  use(only: TransportName | null): void
}

export interface SessionParts {
  readonly origin: string
  readonly room: string
  readonly person: Person
  readonly only: TransportName | null
  readonly transports: Readonly<Record<TransportName, Transport>>
  newKey(): string
  say(sentence: string): void
  changed(): void
}

/** Accepted and still not brought by a transport that seems to work: something on the way holds it back. */
const WITHHELD_MS = 6000
const ANSWER_MS = 10_000

export function openBoard(parts: SessionParts): BoardSession {
  const { origin, room, transports, newKey, say, changed } = parts
  const url = `${origin}/boards/${room}`
  let { person, only } = parts
  let state: Optimistic | null = null
  let history = NOTHING_DONE
  let presence: RoomPresence | null = null
  let trouble = ''
  let isSignedOut = false
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
      changed,
    },
  )
  const outbox = createOutbox(url, `${person.client}.board`, {
    accepted(key, id) {
      if (state) state = accepted(state, key, id)
      if (state?.pending.some((one) => one.key === key)) setTimeout(() => expectSeen(key), WITHHELD_MS)
      changed()
    },
    refused(key, why) {
      if (state) state = refused(state, key)
      history = forgot(history, key)
      say(`Taken back: ${why}`)
      changed()
    },
    trouble: troubled,
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
    undo: () => step('undo', 'Taken back: you', 'Not taken back'),
    redo: () => step('redo', 'Done again: you', 'Not done again'),
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
      // Who looks at something else for a while is still here, and wants to find the board as it is.
      if (why === 'hidden') return
      isResting = true
      loading.abort()
      if (why === 'away') line.leave()
      else line.close()
    },
    wake() {
      if (isResting) goOn()
      else outbox.hurry()
    },
    jump: goOn,
  }

  /** Null: the server has answered. */
  function troubled(error: unknown): void {
    const before = [trouble, isSignedOut]
    trouble = error === null ? '' : troubleOf(error)
    isSignedOut = error instanceof Refused && error.status === 401
    if (before[0] !== trouble || before[1] !== isSignedOut) changed()
  }

  function make(wish: Change, as?: Step): boolean {
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

  function step(which: Step, who: string, refusal: string): void {
    const found = next(history, which)
    if (!found || !state) return
    history = found.rest
    const { back, changedBy } = found.last
    const board = shown(state)
    if (changedBy !== null) say(`${refusal}: ${changedBy} has changed the same since.`)
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
      const change = changeOf(event)
      if (!change) continue
      const isOwn = before.pending.some(({ key }) => key === event.key) || knows(history, event.key)
      history = learned(history, before.confirmed, { key: event.key, user: event.user, change }, isOwn)
      if (!isOwn) say(told(event.user ?? 'Somebody', change, before.confirmed))
    }
    changed()
  }

  function expectSeen(key: string): void {
    if (!isResting && line.state.isLive && state?.pending.some((one) => one.key === key))
      line.withheld('held back what the server had accepted')
  }

  function goOn(): void {
    isResting = false
    outbox.hurry()
    if (state) line.open(only)
    else void load()
  }

  /** The board as it is now, and then what follows, by whatever transport works. */
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
    const response = await fetch(url, { signal: AbortSignal.any([signal, AbortSignal.timeout(ANSWER_MS)]) })
    const text = await response.text()
    if (!response.ok) throw refusalOf(response, text)
    return JSON.parse(text)
  }
}
