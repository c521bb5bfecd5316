/** Helpers for the checks of this lesson: tabs of people on boards, and what the server sends and stores about them. */
import { converse, expectNext, isAlive } from '../kit/conversation.ts'
import type { Conversation, Wanted } from '../kit/conversation.ts'
import { shown } from '../kit/expect.ts'
import { Late, Wrong } from '../kit/finding.ts'
import type { Hint } from '../kit/finding.ts'
import { fieldOf, parsed } from '../kit/json.ts'
import { settled } from '../kit/stream.ts'
import type { Trial } from '../kit/trial.ts'
import { NO_WELCOME, NOT_JOINED, TO_ITSELF, NO_PONG } from './hints.ts'

/** Times that the lesson gives. The program's time stands still unless a check moves it. */
export const TYPING_MS = 5000
export const GONE_MS = 30_000
export const BEAT_MS = 10_000

/** Tolerances after these times, because a program may check from time to time instead of setting timers. */
export const TYPING_SLACK_MS = 2000
export const GONE_SLACK_MS = 20_000

/** Waiting time on the real clock; a right program needs some milliseconds on an idle machine. */
export const PATIENCE_MS = 3000

type Message = Readonly<Record<string, unknown>>

/** How the messages differ from the expected ones. `closed` means that the connection is over. */
export type Differs = 'missing' | 'extra' | 'other' | 'closed'

interface Observed {
  readonly saw: string
  readonly hint: string | Hint | ((differs: Differs) => string | Hint)
}

/** Opens a tab of a person. With `dies`, the tab does not send pong frames. */
export async function open(
  trial: Trial,
  userId: string,
  { name = nameOf(userId), dies = false } = {},
): Promise<Conversation> {
  const tab = await converse(trial, `/?user=${userId}&name=${name}`, { autoPong: !dies })
  await expectNext(trial, tab, { type: 'connected' }, { saw: 'A tab opened a WebSocket:', hint: NO_WELCOME })
  return tab
}

const nameOf = (userId: string): string => userId.charAt(0).toUpperCase() + userId.slice(1)

/** Joins a board; returns the confirmation, and its place in the conversation. */
export async function joins(trial: Trial, tab: Conversation, saw: string, board = trial.room) {
  tab.say({ type: 'join', boardId: board })
  await settled(trial)
  await beat(trial, tab)
  const extra = tab.untaken.find((text) => fieldsOf(text).type === 'user_joined')
  const hint = extra === undefined ? NOT_JOINED : TO_ITSELF
  const joined = await expectNext(trial, tab, { type: 'joined', boardId: board }, { saw, hint })
  const place = tab.shown()
  expectNoMore(tab, saw, () => hint)
  return { joined, place }
}

/** Opens a tab that joins each of the boards. */
export async function tabOn(trial: Trial, userId: string, boards = [trial.room], options = {}): Promise<Conversation> {
  const tab = await open(trial, userId, options)
  for (const board of boards) await joins(trial, tab, `${nameOf(userId)} joined ${board}, and got:`, board)
  return tab
}

/** Opens one tab of Grace, who watches, and several of Ada. Discards the messages that announce them. */
export async function graceAndAda(trial: Trial, tabs: number, boards = [trial.room]) {
  const grace = await tabOn(trial, 'grace')
  const ada: Conversation[] = []
  for (let i = 0; i < tabs; i++) ada.push(await tabOn(trial, 'ada', boards))
  await settled(trial)
  await beat(trial, grace)
  while (grace.take() !== undefined);
  const [first = grace, second = grace] = ada
  return { grace, first, second }
}

/** Sends a ping and waits for the pong. After that, every earlier message of the server has arrived. */
export async function beat(trial: Trial, tab: Conversation): Promise<void> {
  const before = tab.heard.filter(isPong).length
  tab.say({ type: 'ping' })
  const isHere = () => tab.heard.filter(isPong).length > before || tab.closed !== null
  const came = trial.until('there is an answer', isHere, PATIENCE_MS)
  if (await came.catch(() => false)) return
  // Throws if the process has ended or its thread is blocked, because then this is what a student has to know.
  await isAlive(trial)
  const { bytes } = tab.shown()
  const finding = {
    saw: 'A tab sent a ping. Your server responded:',
    bytes: `${bytes}\n`,
    at: bytes.length + 1,
    hint: NO_PONG,
  }
  throw new Late({ ...finding, wanted: '{"type":"pong"}' })
}

/** Moves the program's time. These tabs send a ping every ten seconds, as every page does. */
export async function pass(trial: Trial, ms: number, alive: readonly Conversation[]): Promise<void> {
  for (let left = ms; left > 0; left -= BEAT_MS) {
    await trial.tick(Math.min(left, BEAT_MS))
    for (const tab of alive) await beat(trial, tab)
  }
}

/** Throws unless exactly these messages have come since the last call, in this order. */
export async function expectNews(
  trial: Trial,
  tab: Conversation,
  wanted: readonly Wanted[],
  { saw, hint }: Observed,
): Promise<void> {
  await settled(trial)
  await beat(trial, tab)
  const hintFor = (differs: Differs) => (typeof hint === 'function' ? hint(differs) : hint)
  for (const each of wanted) {
    while (tab.untaken.length > 1 && isPong(tab.untaken[0])) tab.take()
    const [next] = tab.untaken
    const differs = next === undefined ? 'closed' : isPong(next) ? 'missing' : 'other'
    await expectNext(trial, tab, each, { saw, hint: hintFor(differs) })
  }
  expectNoMore(tab, saw, hintFor)
}

function expectNoMore(tab: Conversation, saw: string, hintFor: (differs: Differs) => string | Hint): void {
  for (let text = tab.take(); text !== undefined; text = tab.take())
    if (!isPong(text)) throw new Wrong({ saw, ...tab.shown(), wanted: 'nothing', hint: hintFor('extra') })
  if (!tab.closed) return
  const { bytes } = tab.shown()
  const at = bytes.lastIndexOf('\n') + 1
  throw new Wrong({ saw, bytes, at, wanted: 'an open connection', hint: hintFor('closed') })
}

/** State of a board: the number of tabs of each person, and the people who type. */
export interface Known {
  readonly here: Readonly<Record<string, number>>
  readonly typing: readonly string[]
}

function knownIn(value: unknown): Known {
  const { here, typing }: { here?: unknown; typing?: unknown } = Object(value)
  const tabs: [string, number][] = []
  for (const one of Array.isArray(here) ? here : []) {
    tabs.push([String(fieldOf(one, 'userId')), Number(fieldOf(one, 'tabs'))])
  }
  return { here: Object.fromEntries(tabs), typing: Array.isArray(typing) ? typing.map(String) : [] }
}

const wordsOf = ({ here, typing }: Known): string => {
  const people = Object.entries(here).map(([userId, tabs]) => `${userId} (${tabs} ${tabs === 1 ? 'tab' : 'tabs'})`)
  return `here: ${people.toSorted().join(', ') || 'nobody'}; typing: ${typing.toSorted().join(', ') || 'nobody'}`
}

export async function known(trial: Trial, board: string) {
  const answer = await trial.get('/')
  const boards: Message = Object(answer.json)
  return { answer, found: knownIn(boards[board]) }
}

/** Waits until GET / returns this state of the board; throws `Wrong` if it never does. */
export async function expectKnown(
  trial: Trial,
  here: Known['here'],
  observed: { readonly saw: string; readonly hint: string | ((found: Known) => string) },
  { board = trial.room, typing = [] as readonly string[] } = {},
): Promise<void> {
  const wanted = wordsOf({ here, typing })
  let last = await known(trial, board)
  const isKnown = async () => {
    last = await known(trial, board)
    return wordsOf(last.found) === wanted
  }
  const came = trial.until('it is known', isKnown, PATIENCE_MS)
  if (await came.catch(() => false)) return
  const bytes = shown(last.answer)
  const key = bytes.lastIndexOf(`"${board}":`)
  const at = key < 0 ? bytes.lastIndexOf('\n') + 1 : key + board.length + 3
  const hint = typeof observed.hint === 'function' ? observed.hint(last.found) : observed.hint
  throw new Wrong({ saw: observed.saw, bytes, at, wanted, hint })
}

/** Throws `Wrong` if GET / still returns the board, which has no members any more. */
export async function expectNoBoard(trial: Trial, saw: string, board = trial.room): Promise<void> {
  const { answer } = await known(trial, board)
  if (!Object.hasOwn(Object(answer.json), board)) return
  const bytes = shown(answer)
  const at = Math.max(bytes.lastIndexOf(`"${board}":`), bytes.lastIndexOf('\n') + 1)
  throw new Wrong({ saw, bytes, at, wanted: `no ${board}`, hint: 'empty-board' })
}

/** Throws `Wrong` unless the confirmation of a join contains this state. */
export function expectState(
  { joined, place }: { readonly joined: Message; readonly place: { readonly bytes: string; readonly at: number } },
  wanted: Known,
  observed: { readonly saw: string; readonly hint: string },
): void {
  if (wordsOf(knownIn(joined)) !== wordsOf(wanted)) throw new Wrong({ ...observed, ...place, wanted: wordsOf(wanted) })
  for (const one of Array.isArray(joined['here']) ? joined['here'] : []) {
    const name = nameOf(String(fieldOf(one, 'userId')))
    if (fieldOf(one, 'name') !== name) throw new Wrong({ ...observed, ...place, wanted: `"name":"${name}"` })
  }
}

export const fieldsOf = (text = ''): Message => Object(parsed(text))

const isPong = (text: string | undefined): boolean => fieldsOf(text).type === 'pong'

/** Announcement about Ada that the others expect. */
export const ada = (type: string, boardId: string, fields = {}): Wanted => about('ada', type, boardId, fields)

/** Announcement about a person. */
export const about = (userId: string, type: string, boardId: string, fields = {}): Wanted => ({
  type,
  boardId,
  userId,
  name: nameOf(userId),
  ...fields,
})

/** Announcements that the others expect when Ada leaves while typing: the end of typing may come first. */
export function leaving(tab: Conversation, boardId: string): readonly Wanted[] {
  const [before = {}, last = {}] = tab.untaken
    .filter((text) => !isPong(text))
    .slice(-2)
    .map(fieldsOf)
  const isSaid = last.type === 'user_left' && before.type === 'user_typing' && before.on === false
  return [...(isSaid ? [ada('user_typing', boardId, { on: false })] : []), ada('user_left', boardId)]
}
