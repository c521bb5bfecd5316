/**
 * Shows bytes. Some bytes are masked: a masked character of text becomes one bullet, and a masked byte in hexadecimal
 * becomes two bullets.
 */

export const BULLET = '•'

export interface ShownBytes {
  readonly bytes: Uint8Array
  /**
   * One number for each byte: 0 if the page shows the byte, `OTHERS` if another person wrote the byte, `UNKNOWN` if the
   * server had already masked the byte.
   */
  readonly hidden: Uint8Array
}

export const OTHERS = 1
export const UNKNOWN = 2

export function shownText(text: string): ShownBytes {
  return shown(new TextEncoder().encode(text))
}

export function shownHex(hex: string): ShownBytes {
  const pairs = hex.match(/../gs) ?? []
  const found = shown(Uint8Array.from(pairs, (pair) => Number.parseInt(pair, 16)))
  for (const [i, pair] of pairs.entries()) if (!/^[\da-f]{2}$/i.test(pair)) found.hidden[i] = UNKNOWN
  return found
}

/** Removes the WebSocket mask from a frame's payload (RFC 6455, section 5.3). */
export function unmasked({ bytes, hidden }: ShownBytes, key: Uint8Array): ShownBytes {
  return { bytes: bytes.map((byte, i) => byte ^ (key[i % key.length] ?? 0)), hidden }
}

/** Hides the bytes from `from` to before `to`, or shows them again. Bytes that the server has hidden stay hidden. */
export function hide({ hidden }: ShownBytes, from: number, to: number, isHidden: boolean): void {
  const [before, after] = isHidden ? [0, OTHERS] : [OTHERS, 0]
  for (let i = from; i < to; i++) if (hidden[i] === before) hidden[i] = after
}

/** Decodes the bytes from `from` to before `to` as UTF-8. */
export function textOf({ bytes, hidden }: ShownBytes, from = 0, to = bytes.length): string {
  let text = ''
  for (let start = from; start < to;) {
    const isHidden = hidden[start]
    let end = start
    while (end < to && hidden[end] === isHidden) end++
    const piece = bytes.subarray(start, end)
    text += isHidden ? BULLET.repeat(characters(piece)) : new TextDecoder('utf-8', { ignoreBOM: true }).decode(piece)
    start = end
  }
  return text
}

export function hexOf({ bytes, hidden }: ShownBytes, from = 0, to = bytes.length): string {
  const pairs = Array.from(bytes.subarray(from, to), (byte, i) => (hidden[from + i] ? BULLET + BULLET : hex(byte)))
  return pairs.join(' ')
}

export function hex(byte: number): string {
  return byte.toString(16).padStart(2, '0')
}

function shown(bytes: Uint8Array): ShownBytes {
  return { bytes, hidden: new Uint8Array(bytes.length) }
}

/** Counts the characters in UTF-8 bytes by counting the bytes that begin a character. */
function characters(bytes: Uint8Array): number {
  return bytes.reduce((count, byte) => ((byte & 0xc0) === 0x80 ? count : count + 1), 0)
}
