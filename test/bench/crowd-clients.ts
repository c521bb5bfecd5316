/**
 * A process with many clients of one transport. Each client notes which messages it receives. If a client loses its
 * connection, it returns after a random time, with its cursor.
 */
import { setTimeout as after } from 'node:timers/promises'
import type { ComparedConnection, ComparedServer } from '../compare/adapter.ts'
import { fourwire } from '../compare/adapters/fourwire.ts'
import { now } from '../compare/now.ts'

export type CrowdOrder =
  /** `last`: the number of the last message that was published before the clients come. */
  | {
      readonly do: 'open'
      readonly url: string
      readonly transport: string
      readonly clients: number
      readonly last: number
    }
  /** From now on the delays count for a new phase. */
  | { readonly do: 'begin' | 'state' | 'delays' }

export interface CrowdState {
  readonly live: number
  /** Number of the last message that every client has. */
  readonly lowest: number
  readonly lost: number
  readonly doubled: number
}

/** Maximum time before a client connects again. The time is random for each attempt. */
const RETURN_MS = 3000

/** Number of clients that connect at the same time. */
const CONNECTING = 50

/** Interval of short polls: with one second, ten thousand clients would ask for more than one process can answer. */
const INTERVAL_MS = 5000

interface Member {
  isLive: boolean
  /** Number of the last message. The first message has the number 1. */
  last: number
}

const members: Member[] = []
let delays: number[] = []
let lost = 0
let doubled = 0

process.on('message', (order: CrowdOrder) => void obey(order).then((answer) => process.send?.(answer)))
// The process that started this one has ended.
process.on('disconnect', () => process.exit())

async function obey(order: CrowdOrder): Promise<CrowdState | readonly number[] | null> {
  switch (order.do) {
    case 'open':
      await open(order)
      return null
    case 'begin':
      delays = []
      return null
    case 'state':
      return {
        live: members.filter(({ isLive }) => isLive).length,
        lowest: members.reduce((lowest, { last }) => Math.min(lowest, last), Infinity),
        lost,
        doubled,
      }
    case 'delays':
      return delays
  }
}

async function open({ url: address, transport, clients, last }: Extract<CrowdOrder, { do: 'open' }>): Promise<void> {
  const url = new URL(address)
  const server = { transport, url, publishUrl: url, run: 'crowd', intervalMs: INTERVAL_MS, waitS: 25 }
  while (members.length < clients)
    await Promise.all(Array.from({ length: Math.min(CONNECTING, clients - members.length) }, () => join(server, last)))
}

/** Opens a client. Resolves when the client is live for the first time. */
async function join(server: ComparedServer, last: number): Promise<void> {
  const member: Member = { isLive: false, last }
  members.push(member)
  const live = Promise.withResolvers<void>()
  connect(undefined)
  return live.promise

  function connect(cursor: string | undefined): void {
    let connection: ComparedConnection | null = null
    connection = fourwire.connect(
      server,
      {
        live() {
          member.isLive = true
          live.resolve()
        },
        received: (text, atMs = now()) => take(member, text, atMs),
        failed() {
          const lastCursor = connection?.cursor?.() ?? cursor
          connection?.close()
          void comeBack(lastCursor)
        },
      },
      cursor,
    )
  }

  async function comeBack(cursor: string | undefined): Promise<void> {
    member.isLive = false
    await after(Math.random() * RETURN_MS)
    connect(cursor)
  }
}

/** Notes a message. Its text contains its number and the time at which the publisher sent it. */
function take(member: Member, text: string, atMs: number): void {
  const [, number, sentMs] = /"text":"#(\d+) ([\d.]+)"/.exec(text) ?? []
  if (number === undefined) return
  const at = Number(number)
  if (at <= member.last) doubled += 1
  else lost += at - member.last - 1
  member.last = Math.max(member.last, at)
  delays.push(atMs - Number(sentMs))
}
