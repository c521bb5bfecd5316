/** Publishes by the adapter's `publish`, or else over a connection of its own. */
import type { Accepted, Adapter, ComparedServer } from './adapter.ts'
import { CompareError } from './trouble.ts'

export interface Sender {
  send(text: string): Promise<Accepted | void>
  close(): void
}

/** Rejects with `CompareError` if the adapter cannot publish. */
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
  await live.promise
  const { send } = connection
  if (!send)
    throw new CompareError(
      `The adapter "${adapter.name}" has no "publish", and its connections have no "send". Write one of them.`,
    )
  return {
    async send(text) {
      if (failure) throw failure
      send.call(connection, text)
    },
    close: () => connection.close(),
  }
}
