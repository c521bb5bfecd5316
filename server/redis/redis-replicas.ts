/** Waits until replicas have confirmed what Redis has stored, so that no acknowledged event is lost in a failover. */
import { LogUnavailable } from '../feed/log.ts'
import { REPLY_MS, openConnection, redisTrouble } from './redis-connection.ts'

export interface Replicas {
  /**
   * Resolves when enough replicas have everything that Redis stored before this call. `run`: the beginning of the id of
   * the run of Redis that has stored it. Rejects with `LogUnavailable`.
   */
  confirm(run: string): Promise<void>
  close(): void
}

/** Longest time in which the replicas must confirm. */
const WAIT_MS = 1000

const MARK_KEY = 'fourwire:confirmed'

/** Opens a connection for `WAIT`, because this command delays all later commands of its connection. */
export function openReplicas(url: string, count: number): Replicas {
  const connection = openConnection(url, REPLY_MS, { prepare: async () => {}, ready: () => {}, failed: () => {} })
  const { client } = connection
  /** The present `WAIT`, and the next one. All calls during a `WAIT` share the next one. */
  let present: Promise<unknown> = Promise.resolve()
  let next: Promise<Confirmation> | null = null

  return {
    async confirm(run) {
      next ??= present.then(() => {
        next = null
        const asked = ask()
        present = asked
        return asked
      })
      const { by, replicas, trouble } = await next
      if (by?.startsWith(run) && replicas >= count) return
      // After a failover, this connection may lead to another Redis than the one that has stored the event.
      if (by !== null && !by.startsWith(run)) connection.renew()
      throw new LogUnavailable(
        `Redis has stored the message, but ${replicas} of ${count} replicas have confirmed it within ${WAIT_MS / 1000} s (--redis-replicas)${trouble}.`,
        { remedy: STORED },
      )
    },
    close: () => connection.close(),
  }

  async function ask(): Promise<Confirmation> {
    const by = connection.run()
    if (by === null) return { by, replicas: 0, trouble: `: ${connection.trouble()?.slice(0, -1)}` }
    try {
      // `WAIT` waits for the last write of its own connection. This write comes after every event that is stored.
      const [, replicas] = await Promise.all([client.set(MARK_KEY, ''), client.wait(count, WAIT_MS)])
      return { by, replicas, trouble: '' }
    } catch (error) {
      return { by, replicas: 0, trouble: `: ${redisTrouble(error).slice(0, -1)}` }
    }
  }
}

interface Confirmation {
  /** Id of the run of Redis that was asked; null if there is no connection. */
  readonly by: string | null
  readonly replicas: number
  /** Empty, or the end of a sentence that says why Redis could not be asked. */
  readonly trouble: string
}

const STORED =
  'Readers may have the message already, but a failover can lose it. Publish it again with the same Idempotency-Key: the server does not publish it twice, and confirms it when the replicas have it.'
