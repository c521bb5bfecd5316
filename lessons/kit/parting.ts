/** Checks that a transport ends its work when a client leaves early, and when the server stops. */
import type { RequestOptions } from './exchange.ts'
import { Late, Wrong } from './finding.ts'
import { expectFollowers } from './followers.ts'
import { settled } from './stream.ts'
import type { Stream } from './stream.ts'
import type { Trial } from './trial.ts'

/** Sends a request, and closes its connection while the program reads the feed for it. The check has no other client. */
export async function leaveDuringRead(trial: Trial, target: string, headers: RequestOptions['headers'] = {}) {
  const nobody = async () => (await trial.sent()).bytes.size === 0
  await trial.until('all clients have left', nobody)
  await trial.pauseReads()
  const before = await trial.reads()
  const pending = trial.open(target, { headers })
  await trial.looked(before, pending)
  pending.leave('RST')
  await trial.until('the client has left', nobody)
  await trial.resumeReads()
  await settled(trial)
}

/**
 * Expects that the program ends all open streams when the server stops, and not that of a client which had left before.
 * `open` opens a stream.
 */
export async function expectStreamsToEnd(
  trial: Trial,
  open: () => Promise<Stream>,
  hints: { readonly open: string; readonly cut: string; readonly remembered: string },
): Promise<void> {
  const streams = [await open(), await open()]
  const leaves = await open()
  const all = [...streams, leaves]
  await trial.until('the heads are here', () => all.every(({ soFar }) => soFar.status > 0)).catch(() => {})
  const { following } = await trial.reads()
  leaves.leave()
  // A program with one follower for the whole room keeps it.
  if (following > 1) await expectFollowers(trial, following - 1, 'A client left', hints.remembered)
  await settled(trial)
  const { toNobody } = await trial.sent()
  await trial.goodbye()
  const after = await trial.sent()
  for (const stream of streams) {
    await trial.until('the stream is over', () => stream.exchange).catch(() => {})
    const { bytes } = stream.shown
    const at = bytes.length
    if (!stream.exchange) {
      const saw = 'The server announced that it stops while two streams were open, and one of them stayed open:'
      throw new Late({ saw, bytes, at, wanted: 'the end', hint: hints.open })
    }
    if (stream.exchange.ended === 'whole') continue
    const saw = 'The server announced that it stops, and the connection was cut:'
    throw new Wrong({ saw, bytes, at, wanted: 'the end of the response', hint: hints.cut })
  }
  if (after.toNobody === toNobody) return
  throw new Wrong({
    saw: 'A client had left before the server announced that it stops, and your transport ended its stream all the same.',
    hint: hints.remembered,
  })
}
