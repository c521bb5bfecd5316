import type { Conditions } from '../../protocol.ts'
import { bodyOfAnswer, readMessages } from '../messages.ts'

export interface Buffering {
  /** False where what was let go filled what lies behind. */
  put(bytes: Buffer): boolean
  /** Lets go what is held, as when the connection ends. */
  flush(): void
  stop(): void
}

/**
 * Holds what goes down until so many bytes are together or so many ms have gone by since the first
 * of them (0: however long it takes), then lets all of it go and begins anew. What ends an answer
 * lets go at once, and behind a 101 nothing is held.
 *
 * Models a proxy that collects answers (nginx's `proxy_buffering`). One that obeys lets an answer
 * through at once whose head says `X-Accel-Buffering: no`: nginx does, unless `proxy_ignore_headers`
 * tells it not to, and others hardly know the field. Does not model that nginx keeps the field to
 * itself, that it lets go whole buffers only, nor what a proxy does with requests. The answer to a
 * HEAD is taken for one whose content never comes.
 */
export function buffering(
  { bufferingBytes, bufferingMs, bufferingObeysHeader }: Held,
  release: (bytes: Buffer) => boolean,
): Buffering {
  /** The present answer is not to be held. */
  let isLetThrough = false
  const answers = readMessages((head) => {
    isLetThrough = bufferingObeysHeader && /^x-accel-buffering:\s*no\s*$/im.test(head)
    return bodyOfAnswer(head)
  })
  let held: Buffer[] = []
  let heldBytes = 0
  let timer: ReturnType<typeof setTimeout> | undefined

  return {
    put(bytes) {
      answers.read(bytes)
      held.push(bytes)
      heldBytes += bytes.length
      if (heldBytes >= bufferingBytes || isLetThrough || answers.isBetween() || answers.isBeyond()) return flush()
      if (bufferingMs > 0) timer ??= setTimeout(flush, bufferingMs)
      return true
    },
    flush,
    stop: () => clearTimeout(timer),
  }

  function flush(): boolean {
    clearTimeout(timer)
    timer = undefined
    const bytes = Buffer.concat(held)
    held = []
    heldBytes = 0
    return bytes.length === 0 || release(bytes)
  }
}

type Held = Pick<Conditions, 'bufferingBytes' | 'bufferingMs' | 'bufferingObeysHeader'>
