/** The relay that imitates a network between the clients and the server, in a process of its own. */
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { killedAtExit } from './children.ts'
import { conditionsOf } from './conditions.ts'
import type { NetworkOptions } from './conditions.ts'
import type { RelayAnswer, RelayFigures, RelayOrder } from './relay-process.ts'
import { CompareError } from './trouble.ts'

export interface NetworkRelay extends Disposable {
  readonly pid: number | undefined
  /**
   * Ends the connections of the last server. Resolves with an address that leads to this one. Rejects with
   * `CompareError` if the server cannot be reached.
   */
  aim(url: URL): Promise<URL>
  begin(): Promise<void>
  /** Resolves with the figures since `begin`. */
  end(): Promise<RelayFigures>
}

const RELAY = join(import.meta.dirname, 'relay-process.ts')

export function startRelay(network: NetworkOptions): NetworkRelay {
  const child = killedAtExit(fork(RELAY, { serialization: 'advanced' }))
  const end = once(child, 'exit').then(() => {
    throw new CompareError('The relay that imitates the network has ended by itself. Reduce --clients or --rate.')
  })
  end.catch(() => {})
  const ask = async (order: RelayOrder): Promise<RelayAnswer> => {
    const answer = once(child, 'message')
    child.send(order)
    const [value]: RelayAnswer[] = await Promise.race([answer, end])
    return value ?? { is: 'done' }
  }

  return {
    pid: child.pid,
    async aim(url) {
      const host = url.hostname.replace(/^\[|\]$/g, '')
      const answer = await ask({ do: 'aim', host, port: Number(url.port) || 80, conditions: conditionsOf(network) })
      if (answer.is !== 'aimed')
        throw new CompareError(
          `--url is "${url.origin}", and it cannot be reached${answer.is === 'failed' ? `: ${answer.why}` : ''}. Start the server, or correct --url.`,
        )
      const through = new URL(url)
      through.hostname = '127.0.0.1'
      through.port = String(answer.port)
      return through
    },
    begin: async () => void (await ask({ do: 'begin' })),
    async end() {
      const answer = await ask({ do: 'end' })
      if (answer.is !== 'ended') throw new Error('The relay has no figures.')
      return answer.figures
    },
    [Symbol.dispose]: () => void child.kill('SIGKILL'),
  }
}
