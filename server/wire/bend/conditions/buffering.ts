import type { Conditions } from '../../../protocol/lab.ts'
import { bodyOfAnswer, readMessages } from '../messages.ts'

export interface Buffering {
  /** Adds bytes. Returns false if it has released bytes and these bytes have filled the pipe. */
  put(bytes: Buffer): boolean
  /** Releases all held bytes, for example when the connection ends. */
  flush(): void
  stop(): void
}

/**
 * Holds back the bytes of responses. Releases all held bytes when it holds `bufferingBytes`, when a response ends, or
 * `bufferingMs` after the first held byte (0: no time limit). Does not hold bytes after a 101.
 *
 * Models a proxy that collects responses (nginx's `proxy_buffering`). If `bufferingObeysHeader` is true, a response
 * with the field `X-Accel-Buffering: no` passes at once. nginx obeys this field, unless `proxy_ignore_headers` names
 * the field. Most other proxies ignore `X-Accel-Buffering`. Does not model how a proxy treats requests, or that nginx
 * removes the field and releases only whole buffers. Holds the response to a HEAD request as if the body of this
 * response had not arrived yet.
 */
export function buffering(
  { bufferingBytes, bufferingMs, bufferingObeysHeader }: Held,
  release: (bytes: Buffer) => boolean,
): Buffering {
  /** True if the current response passes at once. */
  let isLetThrough = false
  const answers = readMessages({
    bodyOf(head) {
      isLetThrough = bufferingObeysHeader && /^x-accel-buffering:\s*no\s*$/im.test(head)
      return bodyOfAnswer(head)
    },
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
