import { expect, test } from 'vitest'
import { createAccounts } from '../../../../server/wire/meter/accounts.ts'
import type { Reading } from '../../../../server/wire/reading.ts'

const lane = (name: string, transport: Reading['transport'] = null): Reading => ({
  lane: name,
  transport,
  body: () => () => ({ payload: 0, heartbeats: 0 }),
  idOf: () => undefined,
  messageDown: () => 'payload',
  messageUp: () => 'requestBodies',
  isEmpty: () => false,
})

test('above the limit, the meter removes the least recently used lane, and counts its bytes as "other"', () => {
  const accounts = createAccounts(2)
  for (const name of ['a', 'b']) {
    const account = accounts.accountFor(lane(name))
    account.requests = 3
    account.connections = 2
    account.tally.up = 10
    account.tally.split.requestHeads = 10
  }
  accounts.accountFor(lane('a'))
  accounts.accountFor(lane('c'))
  expect(Array.from(accounts.lanes(), (account) => account.lane)).toEqual(['a', 'c'])
  expect(accounts.other).toMatchObject({ requests: 3, connections: 2, tally: { up: 10, split: { requestHeads: 10 } } })
})

test('the meter keeps a lane with an open exchange, even above the limit', () => {
  const accounts = createAccounts(1)
  accounts.accountFor(lane('a')).open = 1
  accounts.accountFor(lane('b')).open = 1
  accounts.accountFor(lane('c'))
  expect(Array.from(accounts.lanes(), (account) => account.lane)).toEqual(['a', 'b', 'c'])
})

test('the transport of a lane is the transport that the lane used last, and a publish does not change it', () => {
  const accounts = createAccounts()
  for (const transport of ['sse', 'ws', null] as const) accounts.accountFor(lane('a', transport))
  expect(accounts.accountFor(lane('a')).transport).toBe('ws')
  expect(accounts.accountFor(null)).toBe(accounts.other)
})
