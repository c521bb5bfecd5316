/** The people of a check: how they connect and join, and what they may receive. */
import { converse, expectNext, expectQuiet } from '../kit/conversation.ts'
import type { Conversation, Mismatch, Wanted } from '../kit/conversation.ts'
import { shown } from '../kit/expect.ts'
import { Wrong } from '../kit/finding.ts'
import type { FindingText } from '../kit/finding.ts'
import { fieldOf, parsed } from '../kit/json.ts'
import { settled } from '../kit/stream.ts'
import type { Trial } from '../kit/trial.ts'
import { NO_WELCOME, NOT_JOINED } from './hints.ts'

/** Connects without a path, and expects the welcome. */
export async function meet(trial: Trial): Promise<Conversation> {
  const talk = await converse(trial, '/')
  await expectNext(trial, talk, { type: 'connected' }, { saw: 'A client opened a WebSocket:', hint: NO_WELCOME })
  return talk
}

export async function joins(trial: Trial, talk: Conversation, boardId: string): Promise<void> {
  talk.say({ type: 'join', boardId })
  const saw = `A client asked to join ${boardId}. Your server responded:`
  await next(trial, talk, { type: 'joined', boardId }, { saw, hint: NOT_JOINED })
}

/** Connects clients that join the room, and discards what they received so far. */
export async function inRoom(trial: Trial, count: number, room = trial.room): Promise<readonly Conversation[]> {
  const talks: Conversation[] = []
  for (let i = 0; i < count; i++) {
    const talk = await meet(trial)
    await joins(trial, talk, room)
    talks.push(talk)
  }
  await settled(trial)
  for (const talk of talks) while (talk.take() !== undefined);
  return talks
}

export const says = (talk: Conversation, boardId: string, text: string) => talk.say({ type: 'message', boardId, text })

/** The types of this lesson. A program may send others, for example `user_left`, which the checks ignore. */
const TYPES = ['connected', 'pong', 'error', 'joined', 'left', 'user_joined', 'user_typing', 'message']

const isOther = (text: string | undefined): boolean => {
  const type = text === undefined ? undefined : fieldOf(parsed(text), 'type')
  return typeof type === 'string' && !TYPES.includes(type)
}

/** Like `expectNext`, for the next message of a known type. */
export async function next(
  trial: Trial,
  talk: Conversation,
  wanted: Wanted,
  report: FindingText<Mismatch>,
): ReturnType<typeof expectNext> {
  const isHere = () => {
    while (isOther(talk.untaken[0])) talk.take()
    return talk.untaken.length > 0 || talk.closed !== null
  }
  await trial.until('it has come', isHere).catch(() => {})
  return expectNext(trial, talk, wanted, report)
}

/** Like `expectQuiet`, for messages of known types. */
export async function quiet(trial: Trial, talk: Conversation, report: FindingText<Mismatch>): Promise<void> {
  await settled(trial)
  while (isOther(talk.untaken[0])) talk.take()
  return expectQuiet(trial, talk, report)
}

export interface Counts {
  readonly rooms?: Readonly<Record<string, number>>
  readonly chat?: number
}

/** Waits until the server's own count is the wanted one; throws `Wrong` if it never is. */
export async function expectCount(
  trial: Trial,
  countOf: (counts: Counts) => number,
  wanted: number,
  observed: { readonly saw: string; readonly place: string; hint(found: number): string },
): Promise<void> {
  let answer = await trial.get('/')
  const found = () => countOf((answer.json ?? {}) as Counts)
  const came = trial.until('the count is right', async () => {
    answer = await trial.get('/')
    return found() === wanted
  })
  if (await came.catch(() => false)) return
  const bytes = shown(answer)
  const key = bytes.indexOf(`"${observed.place}":`)
  throw new Wrong({
    saw: observed.saw,
    bytes,
    at: key < 0 ? bytes.lastIndexOf('\n') + 1 : key + observed.place.length + 3,
    wanted: wanted === NOT_THERE ? 'no such room' : String(wanted),
    hint: observed.hint(found()),
  })
}

export const NOT_THERE = -1
export const sizeOf =
  (room: string) =>
  ({ rooms = {} }: Counts): number =>
    rooms[room] ?? NOT_THERE
