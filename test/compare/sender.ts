/** Publishes by the adapter's `publish`, or else over a connection of its own. */
import type { Accepted, Adapter, ComparedServer } from './adapter.ts'
import { CompareError } from './trouble.ts'
import { within } from './within.ts'

export interface Sender {
  send(text: string): Promise<Accepted | void>
  close(): void
}

/** Time in which the connection that publishes must be ready. */
const READY_MS = 10_000

/** Rejects with `CompareError` if the adapter cannot publish, or if its connection is not ready in time. */
export async function openSender(adapter: Adapter, target: ComparedServer): Promise<Sender> {
  const { publish } = adapter
  if (publish) return { send: (text) => publish.call(adapter, target, text), close() {} }
  const live = Promise.withResolvers<void>()
  let failure: CompareError | null = null
  const connection = adapter.connect(target, {
    live: live.resolve,
    received() {},
    failed(why) {
      failure = new CompareError(`The connection that publishes failed: ${why}.`)
      live.reject(failure)
    },
  })
  try {
    await within(
      READY_MS,
      live.promise,
      () => `The connection that publishes was not ready after ${READY_MS / 1000} s. Restart the server.`,
    )
    if (!connection.send)
      throw new CompareError(
        `The adapter "${adapter.name}" has no "publish", and its connections have no "send". Write one of them.`,
      )
  } catch (error) {
    connection.close()
    throw error
  }
  return {
    async send(text) {
      if (failure) throw failure
      connection.send?.(text)
    },
    close: () => connection.close(),
  }
}
