/** Puts the text of a WebSocket message together from its pieces, which may be fragments with control frames between them. */
export interface MessageText {
  add(plain: Buffer): void
  /** When the message is whole; begins anew. Null where it was longer than any of the feed's. */
  take(): string | null
}

/** The text of a longer one would only fill the memory. */
const TEXT_BYTES = 64 * 1024

export function createMessageText(): MessageText {
  let pieces: Buffer[] = []
  let length = 0

  return {
    add(plain) {
      length += plain.length
      if (length <= TEXT_BYTES) pieces.push(plain)
    },
    take() {
      const text = length <= TEXT_BYTES ? Buffer.concat(pieces).toString() : null
      pieces = []
      length = 0
      return text
    },
  }
}
