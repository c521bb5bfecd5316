/** Tries each transport with one client and one message, so that wrong input is reported before anything is measured. */
import { markOf } from './adapter.ts'
import type { Adapter, ComparedConnection, ComparedServer } from './adapter.ts'
import type { Options } from './options.ts'
import { openSender } from './sender.ts'
import type { Sender } from './sender.ts'
import { CompareError, messageOf } from './trouble.ts'
import { within } from './within.ts'
import { shownUrl } from './words.ts'

const PROBE_MS = 10_000

/**
 * Resolves when the client has received the message. The client connects to `through`, which leads to the server.
 * Rejects with `CompareError` if anything fails.
 */
export async function probe(
  adapter: Adapter,
  options: Options,
  target: ComparedServer,
  through = target.url,
): Promise<void> {
  const failure = Promise.withResolvers<never>()
  const live = Promise.withResolvers<void>()
  const arrived = Promise.withResolvers<void>()
  const texts: string[] = []
  /** Id of the message; null until the server has accepted it. */
  let id: string | null = null
  const look = (): void => {
    if (id !== null && texts.some((text) => attempt('match', () => adapter.match(text)) === id)) arrived.resolve()
  }
  const attempt = <Value>(name: string, act: () => Value): Value | null => {
    try {
      return act()
    } catch (error) {
      failure.reject(
        new CompareError(`--adapter is "${options.adapter}", and its "${name}" threw: ${messageOf(error)}`),
      )
      return null
    }
  }
  const href = shownUrl(target.url)
  const over = `--url is "${href}", and over ${target.transport}`
  const connection: ComparedConnection | null = attempt('connect', () =>
    adapter.connect(
      { ...target, url: through },
      {
        live: live.resolve,
        received(text) {
          texts.push(text)
          look()
        },
        failed: (why) => failure.reject(new CompareError(`${over} the connection failed: ${why}. ${REMEDY}`)),
      },
    ),
  )
  let sender: Sender | null = null
  try {
    await inTime(live.promise, () => `${over} no connection was ready after ${PROBE_MS / 1000} s. ${REMEDY}`)
    sender = await Promise.race([openSender(adapter, target), failure.promise])
    const mark = markOf(target.run, 0)
    const sent = sender.send(options.payload(mark)).catch((error: unknown) => {
      throw new CompareError(
        `--publish is "${shownUrl(target.publishUrl)}", and it refused a message: ${messageOf(error)}. Correct the address or the message.`,
      )
    })
    const accepted = await inTime(
      sent,
      () =>
        `--publish is "${shownUrl(target.publishUrl)}", and it did not respond to a message within ${PROBE_MS / 1000} s. Correct the address, or look into the log of the server.`,
    )
    id = accepted?.id ?? mark
    look()
    await inTime(arrived.promise, () => unmatched(options, target, texts))
    checkAbilities(options, target, connection)
  } finally {
    sender?.close()
    connection?.close()
  }

  function inTime<Value>(promise: Promise<Value>, why: () => string): Promise<Value> {
    return within(PROBE_MS, Promise.race([promise, failure.promise]), why)
  }
}

/** Throws `CompareError` if the connection lacks what the scenario needs. */
function checkAbilities(
  { scenario, adapter }: Options,
  { transport }: ComparedServer,
  connection: ComparedConnection | null,
): void {
  const trouble = `--scenario is "${scenario}", and over ${transport} the adapter "${adapter}"`
  if (scenario === 'reconnect-storm' && connection?.cursor?.() == null)
    throw new CompareError(
      `${trouble} gets no cursor from the server, so a client could not resume. Leave out this transport, or choose another scenario.`,
    )
  if (scenario === 'slow-readers' && (!connection?.pause || !connection.resume))
    throw new CompareError(
      `${trouble} cannot pause a connection. Leave out this transport, or choose another scenario.`,
    )
}

const REMEDY = 'Start the server, or correct --url or --adapter.'

function unmatched({ adapter }: Options, { transport, publishUrl }: ComparedServer, texts: readonly string[]): string {
  const first = texts[0] === undefined ? '' : `, the first of them ${JSON.stringify(texts[0].slice(0, 80))}`
  return `--adapter is "${adapter}", and over ${transport} it did not recognise the message that was published at ${shownUrl(publishUrl)} within ${PROBE_MS / 1000} s. The client received ${texts.length} texts${first}. Correct --publish, or the "match" of the adapter.`
}
