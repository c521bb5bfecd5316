import type { Conditions } from '../../../protocol/lab.ts'
import { bodyOfAnswer, readMessages } from '../messages.ts'

export interface Buffering {
  /** Adds bytes. Returns false if bytes were released and have filled the pipe. */
  put(bytes: Buffer): boolean
  /** Releases all held bytes, for example when the connection ends. */
  flush(): void
  stop(): void
}

/**
 * Holds back the bytes of responses until `bufferingBytes` are collected, or until `bufferingMs` have passed since
 * the first held byte (0: no time limit). Then it releases all held bytes. The end of a response also releases them.
 * Bytes after a 101 are not held.
 *
 * Models a proxy that collects responses (nginx's `proxy_buffering`). With `bufferingObeysHeader` a response passes
 * at once if its head has `X-Accel-Buffering: no`. nginx obeys this field, unless `proxy_ignore_headers` names it.
 * Most other proxies ignore it. Does not model that nginx removes the field, that it releases whole buffers only, or
 * how a proxy treats requests. The response to a HEAD request is held like a response whose body is still missing.
 */
export function buffering(
  { bufferingBytes, bufferingMs, bufferingObeysHeader }: Held,
  release: (bytes: Buffer) => boolean,
): Buffering {
  /** True if the current response passes without being held. */
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
