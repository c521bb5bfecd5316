import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { createLedger, seqOf } from '../../../web/measure/ledger.ts'
import type { LedgerCounts } from '../../../web/measure/ledger.ts'

const NONE: LedgerCounts = { received: 0, lost: 0, duplicated: 0, outOfOrder: 0, recovered: 0, gapped: 0 }

/** A ledger in epoch `e` that has received these sequence numbers. */
function ledgerOf(start: string, ...seqs: readonly number[]) {
  const ledger = createLedger()
  ledger.startAt(start)
  for (const seq of seqs) ledger.receive(`e.${seq}`, false)
  return ledger
}

describe('an event', () => {
  test('whose number follows the last one is new', () => {
    const ledger = createLedger()
    ledger.startAt('e.4')
    expect([5, 6, 7].map((seq) => ledger.receive(`e.${seq}`, false))).toEqual(['new', 'new', 'new'])
    expect(ledger.counts).toEqual({ ...NONE, received: 3 })
  })

  test('that is missing is lost as soon as a later event has come', () => {
    const ledger = ledgerOf('e.4', 5, 8, 10)
    expect(ledger.counts).toEqual({ ...NONE, received: 3, lost: 3 })
    expect(ledger.missing()).toEqual([
      [6, 7],
      [9, 9],
    ])
  })

  test('that is missing directly after the start is lost when a later event comes', () => {
    expect(ledgerOf('e.4', 6).missing()).toEqual([[5, 5]])
  })

  test('that comes after a later event is out of order, and no longer counts as lost', () => {
    const ledger = ledgerOf('e.4', 5, 9)
    expect(ledger.receive('e.7', false)).toBe('out of order')
    expect(ledger.counts).toEqual({ ...NONE, received: 3, lost: 2, outOfOrder: 1 })
    expect(ledger.missing()).toEqual([
      [6, 6],
      [8, 8],
    ])
  })

  test('that comes again is a duplicate, even if it came out of order', () => {
    const ledger = ledgerOf('e.4', 5, 7, 6)
    expect(['e.6', 'e.5', 'e.7'].map((id) => ledger.receive(id, true))).toEqual(['duplicate', 'duplicate', 'duplicate'])
    expect(ledger.counts).toEqual({ ...NONE, received: 3, outOfOrder: 1, duplicated: 3 })
  })

  test('from before the start is a duplicate, because the client’s cursor states that the client has it', () => {
    expect(ledgerOf('e.4').receive('e.4', false)).toBe('duplicate')
  })

  test('that the client reports as late counts as recovered', () => {
    const ledger = ledgerOf('e.4', 5)
    ledger.receive('e.6', true)
    ledger.receive('e.7', false)
    expect(ledger.counts).toEqual({ ...NONE, received: 3, recovered: 1 })
  })

  test('without a sequence number in its id counts as received, and the position does not change', () => {
    const ledger = ledgerOf('e.4', 5)
    expect(ledger.receive('what', false)).toBe('new')
    expect(ledger.receive('e.6', false)).toBe('new')
    expect(ledger.counts).toEqual({ ...NONE, received: 3 })
  })
})

describe('a start', () => {
  test.each(['0', '', 'x.90'])('is set by the first event if the cursor is "%s"', (cursor) => {
    const ledger = ledgerOf(cursor, 41, 43)
    expect(ledger.counts).toEqual({ ...NONE, received: 2, lost: 1 })
  })

  test('that was set by an event makes an earlier event count as out of order, not as a duplicate', () => {
    const ledger = ledgerOf('0', 41)
    expect(ledger.receive('e.40', false)).toBe('out of order')
    expect(ledger.receive('e.40', false)).toBe('duplicate')
    expect(ledger.counts).toEqual({ ...NONE, received: 2, outOfOrder: 1, duplicated: 1 })
  })

  test('at a later cursor skips the events before it, and keeps the count of earlier losses', () => {
    const ledger = ledgerOf('e.0', 1, 3)
    ledger.startAt('e.9')
    expect(ledger.receive('e.10', false)).toBe('new')
    expect(ledger.counts).toEqual({ ...NONE, received: 3, lost: 1 })
    expect(ledger.missing()).toEqual([[2, 2]])
  })

  test('at an earlier cursor makes later events that were received before new again', () => {
    const ledger = ledgerOf('e.0', 1, 2, 3)
    ledger.startAt('e.1')
    expect(ledger.receive('e.2', true)).toBe('new')
    expect(ledger.counts.duplicated).toBe(0)
  })

  test('at the current position, as after a switch of transports, changes no count', () => {
    const ledger = ledgerOf('e.0', 1, 3)
    ledger.startAt('e.3')
    expect(ledger.receive('e.2', true)).toBe('out of order')
    expect(ledger.counts).toEqual({ ...NONE, received: 3, outOfOrder: 1, recovered: 1 })
  })
})

describe('another epoch', () => {
  test('begins a new count in which no event counts as lost', () => {
    const ledger = ledgerOf('e.4', 5, 7)
    expect(['f.90', 'f.91'].map((id) => ledger.receive(id, false))).toEqual(['new', 'new'])
    expect(ledger.counts).toEqual({ ...NONE, received: 4, lost: 1 })
    expect(ledger.missing()).toEqual([])
  })

  test('can have a name with dots', () => {
    const ledger = createLedger()
    ledger.startAt('a.b.1')
    ledger.receive('a.b.3', false)
    expect(ledger.missing()).toEqual([[2, 2]])
  })
})

describe('a gap', () => {
  test('adds the events from the position to the cursor to the count of gapped events', () => {
    const ledger = ledgerOf('e.4', 5)
    expect(ledger.gap('e.20')).toEqual({ first: 6, last: 20 })
    expect(ledger.receive('e.21', false)).toBe('new')
    expect(ledger.counts).toEqual({ ...NONE, received: 2, gapped: 15 })
    expect(ledger.missing()).toEqual([])
  })

  test('does not change the count of earlier losses', () => {
    const ledger = ledgerOf('e.4', 5, 8)
    ledger.gap('e.20')
    expect(ledger.counts).toEqual({ ...NONE, received: 2, lost: 2, gapped: 12 })
  })

  test('ends before the next event, even if its cursor is later', () => {
    const ledger = ledgerOf('e.4', 5)
    ledger.gap('e.22')
    expect([20, 21, 22, 23].map((seq) => ledger.receive(`e.${seq}`, false))).toEqual(['new', 'new', 'new', 'new'])
    expect(ledger.counts).toEqual({ ...NONE, received: 5, gapped: 14 })
  })

  test('that is announced twice, with a later cursor the second time, counts as one gap', () => {
    const ledger = ledgerOf('e.4', 5)
    ledger.gap('e.10')
    expect(ledger.gap('e.22')).toEqual({ first: 11, last: 22 })
    expect(ledger.receive('e.9', false)).toBe('new')
    expect(ledger.counts).toEqual({ ...NONE, received: 2, gapped: 3 })
  })

  test('that is announced again with the same cursor does not change the count', () => {
    const ledger = ledgerOf('e.4', 5)
    ledger.gap('e.20')
    expect(ledger.gap('e.20')).toBeNull()
    expect(ledger.counts.gapped).toBe(15)
  })

  test('makes an event out of order that arrives later and belongs into the gap', () => {
    const ledger = ledgerOf('e.4', 5)
    ledger.gap('e.8')
    ledger.receive('e.9', false)
    expect(ledger.receive('e.7', false)).toBe('out of order')
    expect(ledger.counts).toEqual({ ...NONE, received: 3, outOfOrder: 1, gapped: 2 })
  })

  test('that leads to another epoch, or comes before any start, has an unknown size', () => {
    const ledger = ledgerOf('e.4', 5)
    expect(ledger.gap('f.20')).toBeNull()
    expect(ledger.receive('f.22', false)).toBe('new')
    expect(ledger.counts).toEqual({ ...NONE, received: 2, lost: 1 })
    expect(createLedger().gap('e.4')).toBeNull()
  })
})

test('the method clear of the ledger sets the counts to 0 and keeps the position', () => {
  const ledger = ledgerOf('e.4', 5, 8)
  ledger.clear()
  expect(ledger.counts).toEqual(NONE)
  expect(ledger.missing()).toEqual([])
  expect(ledger.receive('e.6', false)).toBe('out of order')
  expect(ledger.receive('e.10', false)).toBe('new')
  expect(ledger.counts).toEqual({ ...NONE, received: 2, lost: 1, outOfOrder: 1 })
})

test('counts that were read from the ledger before do not change afterwards', () => {
  const ledger = ledgerOf('e.4', 5)
  const before = ledger.counts
  ledger.receive('e.6', false)
  expect(before.received).toBe(1)
})

test('the memory of the ledger is bounded even if every other event is lost', () => {
  const ledger = ledgerOf('e.0')
  for (let seq = 2; seq <= 20_000; seq += 2) ledger.receive(`e.${seq}`, false)
  expect(ledger.counts.lost).toBe(10_000)
  expect(ledger.missing()).toHaveLength(1000)
  expect(ledger.missing().at(-1)).toEqual([19_999, 19_999])
})

test('seqOf returns the number after the last dot of an id, or NaN if there is none', () => {
  expect(['e.17', 'a.b.0', '0', '', 'e.', '.5', 'e.1x', 'e.-1'].map(seqOf)).toEqual([
    17,
    0,
    NaN,
    NaN,
    NaN,
    NaN,
    NaN,
    NaN,
  ])
})

type Step =
  | { readonly is: 'receive'; readonly epoch: string; readonly seq: number; readonly late: boolean }
  | { readonly is: 'startAt' | 'gap'; readonly epoch: string; readonly seq: number }
  | { readonly is: 'clear' }

const anyEpoch = fc.oneof({ weight: 30, arbitrary: fc.constant('e') }, { weight: 1, arbitrary: fc.constant('f') })
const anySeq = fc.integer({ min: 0, max: 40 })
const anyStep: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 20,
    arbitrary: fc.record({ is: fc.constant('receive' as const), epoch: anyEpoch, seq: anySeq, late: fc.boolean() }),
  },
  { weight: 2, arbitrary: fc.record({ is: fc.constantFrom('startAt', 'gap'), epoch: anyEpoch, seq: anySeq }) },
  // A cursor without an epoch has no sequence number either, so the first event sets the start.
  { weight: 1, arbitrary: fc.record({ is: fc.constant('startAt' as const), epoch: fc.constant(''), seq: anySeq }) },
  { weight: 1, arbitrary: fc.record({ is: fc.constant('clear' as const) }) },
)

test('after any steps, the ledger agrees with a simple set of all event numbers', () => {
  fc.assert(
    fc.property(fc.array(anyStep, { maxLength: 80 }), (steps) => {
      const ledger = createLedger()
      const naive = createNaiveLedger()
      for (const step of steps) {
        if (step.is === 'receive') {
          expect(ledger.receive(`${step.epoch}.${step.seq}`, step.late)).toBe(
            naive.receive(step.epoch, step.seq, step.late),
          )
        } else if (step.is === 'gap') {
          expect(ledger.gap(`${step.epoch}.${step.seq}`)).toEqual(naive.gap(step.epoch, step.seq))
        } else if (step.is === 'startAt') {
          ledger.startAt(`${step.epoch}.${step.seq}`)
          naive.startAt(step.epoch, step.seq)
        } else {
          ledger.clear()
          naive.clear()
        }
        expect(ledger.counts).toEqual(naive.counts)
        expect(ledger.missing().flatMap(([first, last]) => upTo(first, last))).toEqual(naive.missing())
      }
    }),
    { numRuns: 1000 },
  )
})

const upTo = (first: number, last: number): number[] => Array.from({ length: last - first + 1 }, (_, i) => first + i)

/** Ledger with the same rules, for one number at a time. */
function createNaiveLedger() {
  let epoch = ''
  let position = -1
  /** Numbers up to the position that have not been received, with the reason. */
  let absent = new Map<number, 'lost' | 'gapped' | 'uncounted'>()
  let counts = { ...NONE }

  return {
    startAt,
    receive(itsEpoch: string, seq: number, late: boolean) {
      const verdict = judge(itsEpoch, seq)
      if (verdict === 'duplicate') {
        add('duplicated', 1)
        return verdict
      }
      add('received', 1)
      add('outOfOrder', verdict === 'new' ? 0 : 1)
      add('recovered', late ? 1 : 0)
      return verdict
    },
    gap(itsEpoch: string, seq: number) {
      if (itsEpoch !== epoch) {
        startAt(itsEpoch, seq)
        return null
      }
      if (seq <= position) return null
      const gapped = { first: position + 1, last: seq }
      leave(gapped.first, gapped.last, 'gapped')
      position = seq
      return gapped
    },
    clear() {
      counts = { ...NONE }
      absent = new Map([...absent.keys()].map((seq) => [seq, 'uncounted']))
    },
    get counts() {
      return counts
    },
    missing: () => [...absent.keys()].filter((seq) => absent.get(seq) === 'lost').toSorted((a, b) => a - b),
  }

  function startAt(itsEpoch: string, seq: number): void {
    absent = new Map([...absent].filter(([one]) => itsEpoch === epoch && one <= seq))
    epoch = itsEpoch
    position = seq
  }

  function judge(itsEpoch: string, seq: number): 'new' | 'duplicate' | 'out of order' {
    if (itsEpoch !== epoch) {
      startAt(itsEpoch, seq)
      leave(0, seq - 1, 'uncounted')
      return 'new'
    }
    if (seq > position) {
      leave(position + 1, seq - 1, 'lost')
      position = seq
      return 'new'
    }
    if (!absent.has(seq)) return 'duplicate'
    const behind = upTo(seq, position)
    const isWhereTheGapEnded = behind.every((one) => absent.get(one) === 'gapped')
    for (const one of isWhereTheGapEnded ? behind : [seq]) take(one)
    if (!isWhereTheGapEnded) return 'out of order'
    position = seq
    return 'new'
  }

  function leave(first: number, last: number, why: 'lost' | 'gapped' | 'uncounted'): void {
    for (const seq of upTo(first, last)) {
      absent.set(seq, why)
      if (why !== 'uncounted') add(why, 1)
    }
  }

  function take(seq: number): void {
    const why = absent.get(seq)
    absent.delete(seq)
    if (why === 'lost' || why === 'gapped') add(why, -1)
  }

  function add(what: keyof LedgerCounts, by: number): void {
    counts = { ...counts, [what]: counts[what] + by }
  }
}
