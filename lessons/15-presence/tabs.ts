/** What the checks of this lesson say and ask: tabs of people on boards, and what is told and known of them. */
import { converse, expectNext } from '../kit/conversation.ts'
import type { Conversation, Wanted } from '../kit/conversation.ts'
import { shown } from '../kit/expect.ts'
import { Late, Wrong } from '../kit/exercise.ts'
import type { Hint } from '../kit/exercise.ts'
import { settled } from '../kit/stream.ts'
import type { Trial } from '../kit/trial.ts'

/** As the page of the lesson says. The program's time stands still but for what a check lets go by. */
export const TYPING_MS = 5000
export const GONE_MS = 30_000
export const BEAT_MS = 10_000

/** What may be later than these times: programs that look once in a while are right, too. */
export const SLACK_MS = 5000

/** On the real clock. A right program takes some milliseconds, and a busy machine its time. */
export const PATIENCE_MS = 3000

type Message = Readonly<Record<string, unknown>>

/** How what came differs from what should have. `closed`: the connection is over. */
export type Differs = 'missing' | 'extra' | 'other' | 'closed'

interface Told {
  readonly saw: string
  readonly hint: string | Hint | ((differs: Differs) => string | Hint)
}

/** A tab of somebody's. One that dies silently answers no ping of the protocol either. */
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

/** … asks to join a board; answers what it is told of it, and where that stands. */
export async function joins(trial: Trial, tab: Conversation, saw: string, board = trial.room) {
  tab.say({ type: 'join', boardId: board })
  await settled(trial)
  await beat(trial, tab)
  const extra = tab.untaken.find((text) => fieldsOf(text).type === 'user_joined')
  const hint = extra === undefined ? NOT_JOINED : TOLD_ITSELF
  const joined = await expectNext(trial, tab, { type: 'joined', boardId: board }, { saw, hint })
  const place = tab.shown()
  expectNoMore(tab, saw, () => hint)
  return { joined, place }
}

/** Opens a tab on each of the boards. */
export async function tabOn(trial: Trial, userId: string, boards = [trial.room], options = {}): Promise<Conversation> {
  const tab = await open(trial, userId, options)
  for (const board of boards) await joins(trial, tab, `${nameOf(userId)} joined ${board}, and got:`, board)
  return tab
}

/** Grace, who watches, and tabs of Ada's; whatever there was to say of that has been said. */
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

/** It says ping, and has the answer: so all that the server had to say to it before is here as well. */
export async function beat(trial: Trial, tab: Conversation): Promise<void> {
  const before = tab.heard.filter(isPong).length
  tab.say({ type: 'ping' })
  const isHere = () => tab.heard.filter(isPong).length > before || tab.closed !== null
  const came = trial.until('there is an answer', isHere, PATIENCE_MS)
  if (await came.catch(() => false)) return
  // Where the process has ended, or its thread is not free, that is the finding.
  await trial.reads().catch(() => new Promise(() => {}))
  const { bytes } = tab.shown()
  const finding = { saw: 'A tab said ping. You answered:', bytes: `${bytes}\n`, at: bytes.length + 1, hint: NO_PONG }
  throw new Late({ ...finding, wanted: '{"type":"pong"}' })
}

/** Lets time go by, in which these tabs do what every page does: say something every ten seconds. */
export async function pass(trial: Trial, ms: number, alive: readonly Conversation[]): Promise<void> {
  for (let left = ms; left > 0; left -= BEAT_MS) {
    await trial.tick(Math.min(left, BEAT_MS))
    for (const tab of alive) await beat(trial, tab)
  }
}

/** What has come since is this, in this order, and nothing else. */
export async function expectNews(
  trial: Trial,
  tab: Conversation,
  wanted: readonly Wanted[],
  { saw, hint }: Told,
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
  throw new Wrong({ saw, bytes, at, wanted: 'that it stays open', hint: hintFor('closed') })
}

/** Who is on a board, by how many tabs, and who types there. */
export interface Known {
  readonly here: Readonly<Record<string, number>>
  readonly typing: readonly string[]
}

function knownIn(value: unknown): Known {
  const { here, typing }: { here?: unknown; typing?: unknown } = Object(value)
  const tabs: [string, number][] = []
  for (const one of Array.isArray(here) ? here : []) {
    const { userId, tabs: count }: { userId?: unknown; tabs?: unknown } = Object(one)
    tabs.push([String(userId), Number(count)])
  }
  return { here: Object.fromEntries(tabs), typing: Array.isArray(typing) ? typing.map(String) : [] }
}

const wordsOf = ({ here, typing }: Known): string => {
  const people = Object.entries(here).map(([userId, tabs]) => `${userId} by ${tabs} ${tabs === 1 ? 'tab' : 'tabs'}`)
  return `here: ${people.toSorted().join(', ') || 'nobody'}; typing: ${typing.toSorted().join(', ') || 'nobody'}`
}

export async function known(trial: Trial, board: string) {
  const answer = await trial.get('/')
  const boards: Message = Object(answer.json)
  return { answer, found: knownIn(boards[board]) }
}

/** By the program's own account, as soon as that is what it should be; throws where it never is. */
export async function expectKnown(
  trial: Trial,
  here: Known['here'],
  told: { readonly saw: string; readonly hint: string | ((found: Known) => string) },
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
  const hint = typeof told.hint === 'function' ? told.hint(last.found) : told.hint
  throw new Wrong({ saw: told.saw, bytes, at, wanted, hint })
}

/** By the program's own account nothing is left of the board, from which the last one has just gone. */
export async function expectNoBoard(trial: Trial, saw: string): Promise<void> {
  const { answer } = await known(trial, trial.room)
  if (!Object.hasOwn(Object(answer.json), trial.room)) return
  const bytes = shown(answer)
  const at = Math.max(bytes.lastIndexOf(`"${trial.room}":`), bytes.lastIndexOf('\n') + 1)
  throw new Wrong({ saw, bytes, at, wanted: `nothing of ${trial.room}`, hint: 'empty-board' })
}

/** What somebody was told on joining is what there is. */
export function expectState(
  { joined, place }: { readonly joined: Message; readonly place: { readonly bytes: string; readonly at: number } },
  wanted: Known,
  told: { readonly saw: string; readonly hint: string },
): void {
  if (wordsOf(knownIn(joined)) !== wordsOf(wanted)) throw new Wrong({ ...told, ...place, wanted: wordsOf(wanted) })
}

export function fieldsOf(text: string | undefined): Message {
  try {
    return Object(JSON.parse(text ?? ''))
  } catch {
    return {}
  }
}

const isPong = (text: string | undefined): boolean => fieldsOf(text).type === 'pong'

/** What the others are told of Ada. */
export const ada = (type: string, boardId: string, fields = {}): Wanted => ({ type, boardId, userId: 'ada', ...fields })

/** What the others are told where Ada leaves who types: that the typing is over may be said first. */
export function leaving(tab: Conversation, boardId: string): readonly Wanted[] {
  const [before = {}, last = {}] = tab.untaken
    .filter((text) => !isPong(text))
    .slice(-2)
    .map(fieldsOf)
  const isSaid = last.type === 'user_left' && before.type === 'user_typing' && before.on === false
  return [...(isSaid ? [ada('user_typing', boardId, { on: false })] : []), ada('user_left', boardId)]
}

const NO_WELCOME: Hint = [
  'A client connected and was not told that it is connected.',
  'Look at the last line of the handler of connections: it was there when you began.',
  'The welcome tells a client that the server is ready. It counts on it.',
]

const NOT_JOINED: Hint = [
  'A tab asked to join a board and was not told that it is on it, before anything else.',
  'Look at what join answers to its tab, and in which order: the type joined, with the boardId.',
  'Who joins waits for the word that it worked, and for what there is to know. Until then the page has nothing to show.',
]

const TOLD_ITSELF: Hint = [
  'Somebody joined a board, and was told of themselves as of somebody else.',
  'Look at whom you leave out where you tell who joined: one tab, or one person?',
  'News of somebody is for everybody else. A page that is told of its own user shows a stranger by the same name.',
]

const NO_PONG: Hint = [
  'A tab said ping, and got no answer.',
  'Look at the way that a ping takes through your handlers: the answer was there when you began.',
  'Asking is how a page learns that its line still works, and how a server learns that the page does.',
]
