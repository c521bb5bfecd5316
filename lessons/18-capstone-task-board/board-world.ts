/** What the checks of the student's board do and see: a page of Ada's behind the gate, and Ben beside it. */
import type { Board, Change, Event, TransportName } from '../../server/protocol.ts'
import type { Hint } from '../kit/exercise.ts'
import { Late, Wrong } from '../kit/exercise.ts'
import type { Trial } from '../kit/trial.ts'
import type { Held, Seen } from './page.ts'
import { create, startSandbox } from './sandbox.ts'
import type { Sandbox } from './sandbox.ts'
import { soon } from './soon.ts'

export interface World extends Sandbox {
  readonly trial: Trial
  readonly room: string
  ben(change: Change): Promise<Event>
  ada(change: Change): Promise<void>
  open(): Promise<void>
  seen(): Promise<Seen>
  held(): Promise<Held>
}

/** A sandbox of the check's own, and no page that outlives it. */
export async function at(trial: Trial, run: (world: World) => Promise<void>): Promise<void> {
  await using sandbox = await startSandbox()
  const { room } = trial
  const world: World = {
    ...sandbox,
    trial,
    room,
    ben: (change) => sandbox.change(room, change),
    async ada(change) {
      await trial.call('change', change)
    },
    async open() {
      await trial.call('open', sandbox.gate.origin, room)
    },
    seen: async () => (await trial.call('seen')) as Seen,
    held: async () => (await trial.call('held')) as Held,
  }
  try {
    await run(world)
  } finally {
    await trial.call('close').catch(() => {})
  }
}

/** `To do: a b | Doing: c`; a task whose title is not its id is shown with it. */
export function textOf(board: Board | null): string {
  if (board === null) return 'nothing'
  const nameOf = ({ id, title }: Board['tasks'][number]) => (id === title ? id : `${id} “${title}”`)
  const listOf = ({ id, title }: Board['lists'][number]) =>
    [`${title}:`, ...board.tasks.filter(({ list }) => list === id).map(nameOf)].join(' ')
  return board.lists.map(listOf).join(' | ')
}

interface Told {
  readonly saw: string
  readonly why?: string
  readonly hint: string | Hint | ((shown: Board | null) => string | Hint)
}

/** Throws for a board that is another than it should be. */
function differs(world: World, shown: Board | null, wanted: string, { saw, why, hint }: Told, Kind = Wrong): never {
  const found = textOf(shown)
  const head = `${world.gate.asked.join('\n')}\n\nthe page shows  `
  const same = Array.from(found).findIndex((char, i) => char !== wanted[i])
  const at = same < 0 ? found.length : Math.max(0, found.lastIndexOf(' ', same) + 1)
  throw new Kind({
    saw,
    bytes: head + found,
    at: head.length + at,
    wanted: wanted.slice(at) || 'nothing more',
    ...(why !== undefined && { why }),
    hint: typeof hint === 'function' ? hint(shown) : hint,
  })
}

/** Waits until the page shows what the log has. */
export async function expectSame(world: World, told: Told): Promise<void> {
  const wanted = textOf((await world.board(world.room)).board)
  const isSame = async () => textOf((await world.seen()).board) === wanted
  if (await soon(world.trial, isSame)) return
  differs(world, (await world.seen()).board, wanted, told, Late)
}

/** The page shows this in this moment. */
export async function expectNow(world: World, wanted: string, told: Told): Promise<void> {
  const { board } = await world.seen()
  if (textOf(board) !== wanted) differs(world, board, wanted, told)
}

/** Resolves when a transport has brought an event to the student's part. */
export async function brought(world: World, id: string, by: TransportName = 'ws'): Promise<void> {
  const has = async () => (await world.seen()).brought[by]?.includes(id) === true
  if (await soon(world.trial, has)) return
  const bytes = world.gate.asked.join('\n')
  const saw = `Ben changed the board, and the page was not told. It has asked for:`
  throw new Late({ saw, bytes, at: bytes.length, wanted: 'a line behind the snapshot', hint: DEAF })
}

/** All that the log has. */
export const broughtAll = async (world: World) => brought(world, (await world.board(world.room)).cursor)

/** Resolves when so many of Ada's changes were answered like this. */
export async function answered(world: World, which: 'accepted' | 'refused', count: number): Promise<void> {
  const is = async () => (await world.seen())[which] >= count
  if (await soon(world.trial, is)) return
  const bytes = world.gate.asked.join('\n')
  const saw = 'Ada changed the board. Her page has asked for:'
  throw new Late({ saw, bytes, at: bytes.length, wanted: `${count} that send a change`, hint: UNSENT })
}

/** The page is there, with these tasks on its board, and follows. */
export async function arrive(world: World, ...ids: readonly string[]): Promise<void> {
  for (const id of ids) await world.ben(create(id))
  await world.open()
  await expectSame(world, { saw: `On the board there were ${ids.join(', ')} when the page was opened.`, hint: BLANK })
  await follows(world)
}

async function follows({ trial, gate }: World): Promise<void> {
  if (await soon(trial, () => gate.open('ws') > 0)) return
  const bytes = gate.asked.join('\n')
  const saw = 'The page has a board, and no line that would bring what follows. It has asked for:'
  throw new Late({ saw, bytes, at: bytes.length, wanted: 'a line', hint: DEAF })
}

export const BLANK: Hint = [
  'The page was opened, and did not show the board.',
  'Look at what becomes of the snapshot when it is there.',
  'A snapshot is where a page begins: it says all that happened before, without saying how.',
]
const DEAF: Hint = [
  'The board has changed, and the page has no line by which it would hear of that.',
  'Look at who follows, and from where.',
  'A snapshot is the past. Whatever comes after it has to come by another way, which has to be open.',
]

const UNSENT: Hint = [
  'Ada changed her board, and the server never got to know.',
  'Look at what you do with a change besides showing it.',
  'What a page shows is a guess. It comes true when the server has been asked and the log holds it.',
]
