import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { Board, Change } from '../../../server/protocol/board.ts'
import type { Event } from '../../../server/protocol/feed.ts'
import { EMPTY, apply } from '../../../web/board/apply.ts'
import { standing } from '../../../web/board/join.ts'
import { accepted, begin, heard, proposed, refused, rejoined, shown } from '../../../web/board/optimistic.ts'
import type { Optimistic } from '../../../web/board/optimistic.ts'
import { allow } from '../../../web/board/rules.ts'
import { change } from './changes.ts'

const start = begin({ cursor: 'e.0', board: EMPTY })
const event = (seq: number, change: Change, key?: string): Event => ({
  id: `e.${seq}`,
  room: 'b',
  at: seq,
  user: 'Ada',
  ...change,
  ...(key !== undefined && { key }),
})
const create = (id: string): Change => ({ type: 'task_created', task: { id, title: id, list: 'todo', before: null } })
const move = (id: string, list: string): Change => ({ type: 'task_updated', task: { id, list, before: null } })
const listOf = (state: Optimistic | null, id: string) =>
  state && shown(state).tasks.find((task) => task.id === id)?.list
const after = (state: Optimistic | null, event: Event): Optimistic => {
  const next = state && heard(state, event)
  if (!next) throw new Error('A hole.')
  return next
}

test.for([
  ['e.5', 'e.5', 'seen'],
  ['e.4', 'e.5', 'seen'],
  ['e.6', 'e.5', 'next'],
  ['e.7', 'e.5', 'hole'],
  ['f.6', 'e.5', 'hole'],
  ['f.1', 'e.5', 'hole'],
] as const)('the event %s is classified, for a page at the cursor %s, as "%s"', ([id, at, is]) => {
  expect(standing(id, at)).toBe(is)
})

test('the page shows a change at once, and the board stays the same when the log confirms the change', () => {
  const proposal = proposed(start, 'k', create('a'))
  expect(listOf(proposal, 'a')).toBe('todo')
  expect(proposal.confirmed).toBe(EMPTY)
  const confirmed = after(proposal, event(1, create('a'), 'k'))
  expect(confirmed.pending).toEqual([])
  expect(shown(confirmed)).toEqual(shown(proposal))
})

test('after a refusal, the board is as it was before the change', () => {
  const there = after(start, event(1, create('a')))
  expect(refused(proposed(there, 'k', move('a', 'done')), 'k')).toEqual(there)
})

test('if two people move the same task, both see it where the later move in the log puts it', () => {
  const there = after(start, event(1, create('a')))
  const [mine, theirs] = [proposed(there, 'mine', move('a', 'doing')), proposed(there, 'theirs', move('a', 'done'))]
  const log = [event(2, move('a', 'doing'), 'mine'), event(3, move('a', 'done'), 'theirs')]
  // Until my move is confirmed, I see my own. Afterwards I see the later one in the log.
  expect(listOf(mine, 'a')).toBe('doing')
  const [me, they] = [log.reduce(after, mine), log.reduce(after, theirs)]
  expect([listOf(me, 'a'), listOf(they, 'a')]).toEqual(['done', 'done'])
  expect(me).toEqual(they)
})

test('the page no longer waits for the event of an accepted change if a snapshot contains this change', () => {
  const pending = accepted(proposed(start, 'k', create('a')), 'k', 'e.1')
  expect(pending.pending).toHaveLength(1)
  const board = apply(EMPTY, create('a'))
  expect(rejoined(pending, { cursor: 'e.1', board }).pending).toEqual([])
  // In a new epoch of the log, the accepted change never comes. A change without an answer is sent there.
  const both = proposed(pending, 'l', create('b'))
  expect(rejoined(both, { cursor: 'f.7', board: EMPTY }).pending.map(({ key }) => key)).toEqual(['l'])
})

test('a change that an earlier epoch accepted leaves no trace, even if the answer comes after the new snapshot', () => {
  const waiting = proposed(proposed(start, 'k', create('a')), 'l', create('b'))
  const inNewLog = rejoined(waiting, { cursor: 'f.7', board: EMPTY })
  expect(accepted(inNewLog, 'k', 'e.1').pending.map(({ key }) => key)).toEqual(['l'])
  // A later epoch may have accepted a change before the page learns of this epoch.
  expect(accepted(inNewLog, 'l', 'g.1').pending).toHaveLength(2)
})

test('the answer to a change may arrive after the event of this change', () => {
  const confirmed = after(proposed(start, 'k', create('a')), event(1, create('a'), 'k'))
  expect(accepted(confirmed, 'k', 'e.1')).toEqual(confirmed)
})

test('the page applies no event after a missing one, and applies no event twice', () => {
  expect(heard(start, event(2, create('a')))).toBeNull()
  const one = after(start, event(1, create('a')))
  expect(heard(one, event(1, create('a')))).toBe(one)
})

type Act =
  | { readonly do: 'propose'; readonly who: number; readonly change: Change }
  | { readonly do: 'serve' | 'answer' | 'read' | 'snapshot'; readonly who: number }

const act: fc.Arbitrary<Act> = fc.oneof(
  fc.record({ do: fc.constant('propose' as const), who: fc.nat(2), change }),
  fc.record({ do: fc.constantFrom('serve' as const, 'answer', 'read', 'read', 'snapshot'), who: fc.nat(2) }),
)

test('after confirmations, refusals, delays and snapshots in any order, the boards of all pages equal the log', () => {
  fc.assert(
    fc.property(fc.array(act, { maxLength: 120 }), (acts) => {
      const server = createServer()
      const pages = [0, 1, 2].map(() => createPage(server))
      for (const one of acts) {
        const page = pages[one.who]
        if (one.do === 'propose') page?.propose(one.change)
        else page?.[one.do]()
      }
      for (const page of pages) page.settle()
      for (const page of pages) page.readAll()
      for (const page of pages) {
        expect(page.state.pending).toEqual([])
        expect(shown(page.state)).toEqual(server.board)
        expect(page.state.cursor).toBe(`e.${server.log.length}`)
      }
      expect(server.log.reduce(apply, EMPTY)).toEqual(server.board)
    }),
    { numRuns: 300 },
  )
})

interface Server {
  readonly board: Board
  readonly log: readonly Event[]
  change(key: string, change: Change): Event | null
}

function createServer(): Server {
  const log: Event[] = []
  let board = EMPTY
  return {
    log,
    get board() {
      return board
    },
    change(key, wish) {
      const answer = allow(board, wish)
      if (!('allowed' in answer)) return null
      board = apply(board, answer.allowed)
      const made = event(log.length + 1, answer.allowed, key)
      log.push(made)
      return made
    },
  }
}

let keys = 0

/** Page whose requests reach the server at any time, but in order; so do the server's answers. */
function createPage(server: Server) {
  const up: { key: string; change: Change }[] = []
  const down: { key: string; event: Event | null }[] = []
  let state = start
  const page = {
    get state() {
      return state
    },
    propose(wish: Change) {
      const answer = allow(shown(state), wish)
      if (!('allowed' in answer)) return
      const key = `k${++keys}`
      state = proposed(state, key, answer.allowed)
      up.push({ key, change: answer.allowed })
    },
    serve() {
      const [first] = up.splice(0, 1)
      if (first) down.push({ key: first.key, event: server.change(first.key, first.change) })
    },
    answer() {
      const [first] = down.splice(0, 1)
      if (first) state = first.event ? accepted(state, first.key, first.event.id) : refused(state, first.key)
    },
    read() {
      const next = server.log[Number(state.cursor.split('.')[1])]
      if (next) state = after(state, next)
    },
    snapshot() {
      state = rejoined(state, { cursor: `e.${server.log.length}`, board: server.board })
    },
    settle() {
      while (up.length > 0) page.serve()
      while (down.length > 0) page.answer()
    },
    readAll() {
      while (state.cursor !== `e.${server.log.length}`) page.read()
    },
  }
  return page
}
