/** What each lane has used, and all that belongs to none, as far as it is over. */
import type { TransportName } from '../protocol.ts'
import type { Reading } from './reading.ts'
import { add, newTally } from './tally.ts'
import type { Tally } from './tally.ts'

export interface Account {
  readonly lane: string | null
  transport: TransportName | null
  requests: number
  connections: number
  /** Exchanges that are not yet in `tally`. */
  open: number
  readonly tally: Tally
}

export interface Accounts {
  readonly other: Account
  /** Those of lanes, the longest unused first. */
  lanes(): Iterable<Account>
  /** Without a reading: the one of all that belongs to no lane. */
  of(reading: Reading | null): Account
}

/** Ten classes' worth. Beyond it, the lane that has been unused for longest is forgotten and its bytes go to `other`. */
const LANES = 2000

export function createAccounts(limit: number = LANES): Accounts {
  const lanes = new Map<string, Account>()
  const other = newAccount(null)

  return {
    other,
    lanes: () => lanes.values(),
    of(reading) {
      if (reading === null) return other
      const account = lanes.get(reading.lane) ?? newAccount(reading.lane)
      account.transport = reading.transport ?? account.transport
      lanes.delete(reading.lane)
      lanes.set(reading.lane, account)
      if (lanes.size > limit) forgetOne(account)
      return account
    },
  }

  /** A lane with something open is never forgotten: what it brings could be put nowhere. */
  function forgetOne(except: Account): void {
    for (const [name, account] of lanes) {
      if (account.open > 0 || account === except) continue
      lanes.delete(name)
      add(other.tally, account.tally)
      other.requests += account.requests
      other.connections += account.connections
      return
    }
  }
}

const newAccount = (lane: string | null): Account => ({
  lane,
  transport: null,
  requests: 0,
  connections: 0,
  open: 0,
  tally: newTally(),
})
