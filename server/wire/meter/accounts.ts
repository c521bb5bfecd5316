/**
 * Sums the bytes of the finished exchanges. There is one account for each lane, and one account for all exchanges
 * outside the lanes.
 */
import type { TransportName } from '../../protocol/feed.ts'
import type { Reading } from '../reading.ts'
import { add, newTally } from './tally.ts'
import type { Tally } from './tally.ts'

export interface Account {
  readonly lane: string | null
  transport: TransportName | null
  requests: number
  connections: number
  /** Number of exchanges whose bytes are not yet in `tally`. */
  open: number
  readonly tally: Tally
}

export interface Accounts {
  /** Account of all exchanges outside a lane. */
  readonly other: Account
  /** Accounts of the lanes, the least recently used first. */
  lanes(): Iterable<Account>
  /** Returns the account of the reading's lane, or `other` if the reading is null. */
  accountFor(reading: Reading | null): Account
}

/**
 * Maximum number of lanes: enough for 500 pages with four lanes. If there are more lanes, the account of the least
 * recently used lane is removed, and its bytes are added to `other`.
 */
const LANES = 2000

export function createAccounts(limit: number = LANES): Accounts {
  const lanes = new Map<string, Account>()
  const other = newAccount(null)

  return {
    other,
    lanes: () => lanes.values(),
    accountFor(reading) {
      if (reading === null) return other
      const account = lanes.get(reading.lane) ?? newAccount(reading.lane)
      account.transport = reading.transport ?? account.transport
      lanes.delete(reading.lane)
      lanes.set(reading.lane, account)
      if (lanes.size > limit) forgetUnused(account)
      return account
    },
  }

  /**
   * Removes the least recently used lane that has no open exchange. An open exchange still needs the account of its
   * lane, because the exchange adds its bytes to the account later.
   */
  function forgetUnused(except: Account): void {
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
