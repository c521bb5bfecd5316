/** Two servers that share a real Redis. Each has a log of its own, like a process of its own. */
import { redisLog } from '../server/redis/redis-log.ts'
import type { Peers } from '../server/peers/peers.ts'
import { balance } from './balancer.ts'
import type { Balancer } from './balancer.ts'
import { testRedis } from './redis.ts'
import type { TestRedis } from './redis.ts'
import { serve } from './serve.ts'
import type { ServeOptions, Served } from './serve.ts'
import { until } from './until.ts'

export interface PairServer extends Served {
  readonly peers: Peers
  /** Ends the server as `kill -9` does: it loses Redis at once, and says goodbye to nobody. */
  kill(): Promise<void>
}

export interface RedisPair extends AsyncDisposable {
  readonly redis: TestRedis
  readonly one: PairServer
  readonly other: PairServer
  /** The relay through which `other` reaches Redis. */
  readonly link: Balancer
}

/** Starts two servers that know each other. */
export async function redisPair(options: Omit<ServeOptions, 'log'> = {}): Promise<RedisPair> {
  await using stack = new AsyncDisposableStack()
  const redis = stack.use(await testRedis())
  const link = stack.use(await balance(redis.url))
  const one = stack.use(await serverThrough(stack.use(await balance(redis.url)), options))
  const other = stack.use(await serverThrough(link, options))
  await until('the servers know each other', () =>
    [one, other].every(({ peers }, i) => peers.others().includes([other, one][i]?.peers.own ?? '')),
  )
  const owned = stack.move()
  return { redis, one, other, link, [Symbol.asyncDispose]: () => owned.disposeAsync() }
}

/** Starts a server that reaches Redis through a relay. */
export async function serverThrough(link: Balancer, options: Omit<ServeOptions, 'log'> = {}): Promise<PairServer> {
  const log = await redisLog(`redis://127.0.0.1:${link.port}`)
  const { peers } = log
  if (!peers) throw new Error('This log has no peers.')
  const server = await serve({ ...options, log })
  let closed: Promise<void> | undefined
  const close = (): Promise<void> => (closed ??= server.close())
  return {
    ...server,
    peers,
    close,
    async kill() {
      link.isRefusing = true
      link.cut()
      server.app.server.closeAllConnections()
      await close()
    },
    [Symbol.asyncDispose]: close,
  }
}
