import { expect, test } from 'vitest'
import { createAccounts } from '../../../server/wire/accounts.ts'
import type { Reading } from '../../../server/wire/reading.ts'

const lane = (name: string, transport: Reading['transport'] = null): Reading => ({
  lane: name,
  transport,
  body: () => () => ({ payload: 0, heartbeats: 0 }),
  idOf: () => undefined,
  messageDown: () => 'payload',
  messageUp: () => 'requestBodies',
  isEmpty: () => false,
})

test('the lane that has been unused for longest is forgotten, and what it used goes to other', () => {
  const accounts = createAccounts(2)
  for (const name of ['a', 'b']) {
    const account = accounts.of(lane(name))
    account.requests = 3
    account.connections = 2
    account.tally.up = 10
    account.tally.split.requestHeads = 10
  }
  accounts.of(lane('a'))
  accounts.of(lane('c'))
  expect(Array.from(accounts.lanes(), (account) => account.lane)).toEqual(['a', 'c'])
  expect(accounts.other).toMatchObject({ requests: 3, connections: 2, tally: { up: 10, split: { requestHeads: 10 } } })
})

test('a lane with something open is kept, however many there are', () => {
  const accounts = createAccounts(1)
  accounts.of(lane('a')).open = 1
  accounts.of(lane('b')).open = 1
  accounts.of(lane('c'))
  expect(Array.from(accounts.lanes(), (account) => account.lane)).toEqual(['a', 'b', 'c'])
})

test('a lane\u2019s transport is the one last used, which publishing does not change', () => {
  const accounts = createAccounts()
  for (const transport of ['sse', 'ws', null] as const) accounts.of(lane('a', transport))
  expect(accounts.of(lane('a')).transport).toBe('ws')
  expect(accounts.of(null)).toBe(accounts.other)
})
