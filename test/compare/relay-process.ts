/** A process that passes on TCP connections to a server, under network conditions. */
import { once } from 'node:events'
import { connect, createServer } from 'node:net'
import type { AddressInfo, Socket } from 'node:net'
import { monitorEventLoopDelay, performance } from 'node:perf_hooks'
import type { Conditions } from '../../server/protocol/lab.ts'
import { Link } from '../../server/wire/bend/link.ts'
import { messageOf } from './trouble.ts'

/** Sent to the relay. */
export type RelayOrder =
  /** Ends all connections. New ones lead to this server. */
  | { readonly do: 'aim'; readonly host: string; readonly port: number; readonly conditions: Conditions }
  /** The figures count from `begin` to `end`. */
  | { readonly do: 'begin' | 'end' }

/** Sent by the relay: the answer to each order. */
export type RelayAnswer =
  | { readonly is: 'aimed'; readonly port: number }
  | { readonly is: 'failed'; readonly why: string }
  | { readonly is: 'done' }
  | { readonly is: 'ended'; readonly figures: RelayFigures }

export interface RelayFigures {
  /** Share of the time in which the relay worked. */
  readonly busyShare: number
  /** 99 of 100 timers of the relay were late by less. */
  readonly loopDelayMs: number
}

const RESOLUTION_MS = 5

const open = new Set<Link | Socket>()
let aim: Extract<RelayOrder, { do: 'aim' }> | null = null
let before = performance.eventLoopUtilization()
const loop = monitorEventLoopDelay({ resolution: RESOLUTION_MS })
loop.enable()
const server = createServer({ allowHalfOpen: true, noDelay: true }, pass)

process.on('message', (order: RelayOrder) => void obey(order).then((answer) => process.send?.(answer)))
// The process that started this one has ended.
process.on('disconnect', () => process.exit())

async function obey(order: RelayOrder): Promise<RelayAnswer> {
  switch (order.do) {
    case 'aim':
      return aimAt(order)
    case 'begin':
      before = performance.eventLoopUtilization()
      loop.reset()
      return { is: 'done' }
    case 'end': {
      const { utilization } = performance.eventLoopUtilization(before)
      const loopDelayMs = Math.max(0, loop.percentile(99) / 1e6 - RESOLUTION_MS)
      return { is: 'ended', figures: { busyShare: utilization, loopDelayMs } }
    }
  }
}

/** Tries to reach the server, because a client that is refused by the relay would not know why. */
async function aimAt(order: NonNullable<typeof aim>): Promise<RelayAnswer> {
  for (const connection of open) connection.destroy()
  aim = order
  try {
    const trial = connect(order.port, order.host)
    await once(trial, 'connect')
    trial.destroy()
    if (!server.listening) await once(server.listen(0, '127.0.0.1'), 'listening')
    const { port } = server.address() as AddressInfo
    return { is: 'aimed', port }
  } catch (error) {
    return { is: 'failed', why: messageOf(error) }
  }
}

/** Connects a client with the server. If one side is reset, the other side is reset too. */
function pass(client: Socket): void {
  if (!aim) return void client.destroy()
  const link = new Link(client, aim.conditions, () => false)
  const upstream = connect({ host: aim.host, port: aim.port, allowHalfOpen: true, noDelay: true })
  for (const connection of [link, upstream]) {
    open.add(connection)
    connection.once('close', () => open.delete(connection))
  }
  link.pipe(upstream).pipe(link)
  link.on('error', () => upstream.resetAndDestroy())
  upstream.on('error', () => link.resetAndDestroy())
  // After a proper end, the bytes that are under way still arrive.
  link.on('close', () => upstream.destroySoon())
  upstream.on('close', () => link.destroySoon())
}
