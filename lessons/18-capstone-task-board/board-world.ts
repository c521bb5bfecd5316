/** Helpers for the checks of the student's board: Ada's page connects through the gate, and Ben connects directly. */
import type { Board, Change } from '../../server/protocol/board.ts'
import type { Event, TransportName } from '../../server/protocol/feed.ts'
import { Late, Wrong } from '../kit/finding.ts'
import type { Hint } from '../kit/finding.ts'
import type { Trial } from '../kit/trial.ts'
import { BLANK, DEAF, UNSENT } from './hints.ts'
import type { Held, Seen } from './page.ts'
import { create, startSandbox } from './sandbox.ts'
import type { Sandbox } from './sandbox.ts'
import { soon } from './soon.ts'

export interface World extends Sandbox {
  readonly trial: Trial
  readonly room: string
  ben(change: Change): Promise<Event>
  /** Changes the board as Ada, in another window. */
  adaElsewhere(change: Change): Promise<Event>
  ada(change: Change): Promise<void>
  open(): Promise<void>
  seen(): Promise<Seen>
  held(): Promise<Held>
}

/** Runs a check with a sandbox of its own, and closes the page afterwards. */
export async function at(trial: Trial, run: (world: World) => Promise<void>): Promise<void> {
  await using sandbox = await startSandbox()
  const { room } = trial
  const world: World = {
    ...sandbox,
    trial,
    room,
    ben: (change) => sandbox.change(room, change),
    adaElsewhere: (change) => sandbox.change(room, change, 'Ada'),
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

/** Board as `To do: a b | Doing: c`. If the title of a task differs from its id, the title is shown too. */
export function textOf(board: Board | null): string {
  if (board === null) return 'nothing'
  const nameOf = ({ id, title }: Board['tasks'][number]) => (id === title ? id : `${id} “${title}”`)
  const listOf = ({ id, title }: Board['lists'][number]) =>
    [`${title}:`, ...board.tasks.filter(({ list }) => list === id).map(nameOf)].join(' ')
  return board.lists.map(listOf).join(' | ')
}

interface Observed {
  readonly saw: string
  readonly why?: string
  readonly hint: string | Hint | ((shown: Board | null) => string | Hint)
}

/** Throws an error that shows the requests of the page, its board, and the expected board. */
function differs(world: World, shown: Board | null, wanted: string, { saw, why, hint }: Observed, Kind = Wrong): never {
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

/** Waits until the page shows the board of the log; throws `Late` if it never does. */
export async function expectSame(world: World, observed: Observed): Promise<void> {
  const wanted = textOf((await world.board(world.room)).board)
  const isSame = async () => textOf((await world.seen()).board) === wanted
  if (await soon(world.trial, isSame)) return
  differs(world, (await world.seen()).board, wanted, observed, Late)
}

/** Throws `Wrong` unless the page shows this board at this moment. */
export async function expectNow(world: World, wanted: string, observed: Observed): Promise<void> {
  const { board } = await world.seen()
  if (textOf(board) !== wanted) differs(world, board, wanted, observed)
}

/** Resolves when a transport has delivered an event to the student's part. */
export async function delivered(world: World, id: string, by: TransportName = 'ws'): Promise<void> {
  const has = async () => (await world.seen()).delivered[by]?.includes(id) === true
  if (await soon(world.trial, has)) return
  const bytes = world.gate.asked.join('\n')
  const saw = 'Ben changed the board, and the page did not receive the event. It has requested:'
  throw new Late({ saw, bytes, at: bytes.length, wanted: 'a connection after the snapshot', hint: DEAF })
}

/** Resolves when the page has received the last event of the log. */
export const deliveredAll = async (world: World) => delivered(world, (await world.board(world.room)).cursor)

/** Resolves when this number of Ada's changes were accepted or refused. */
export async function answered(world: World, which: 'accepted' | 'refused', count: number): Promise<void> {
  const is = async () => (await world.seen())[which] >= count
  if (await soon(world.trial, is)) return
  const bytes = world.gate.asked.join('\n')
  const saw = 'Ada changed the board. Her page has requested:'
  throw new Late({ saw, bytes, at: bytes.length, wanted: `${count} requests that send a change`, hint: UNSENT })
}

/** Creates these tasks, opens the page, and waits until it shows them and follows. */
export async function arrive(world: World, ...ids: readonly string[]): Promise<void> {
  for (const id of ids) await world.ben(create(id))
  await world.open()
  await expectSame(world, { saw: `The board contained ${ids.join(', ')} when the page was opened.`, hint: BLANK })
  await follows(world)
}

async function follows({ trial, gate }: World): Promise<void> {
  if (await soon(trial, () => gate.open('ws') > 0)) return
  const bytes = gate.asked.join('\n')
  const saw = 'The page has a board, but no connection that would bring later events. It has requested:'
  throw new Late({ saw, bytes, at: bytes.length, wanted: 'a connection', hint: DEAF })
}
