/** Joins the pieces of a WebSocket message to one text. The pieces may come from several frames. */
export interface MessageText {
  add(plain: Buffer): void
  /**
   * Returns the text of the complete message; null if the message was too long to keep. After this call, `add` collects
   * the next message.
   */
  take(): string | null
}

/**
 * Maximum length of a text that is kept. No message of the feed is longer, and a longer message would only fill
 * memory.
 */
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
