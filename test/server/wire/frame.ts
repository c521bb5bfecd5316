/** Builds a WebSocket frame (RFC 6455, section 5.2). */
export function frame(data: Buffer, { opcode = 1, fin = true, mask = false } = {}): Buffer {
  const head = Buffer.alloc(data.length < 126 ? 2 : data.length < 65_536 ? 4 : 10)
  head[0] = opcode | (fin ? 0x80 : 0)
  head[1] = (mask ? 0x80 : 0) | (head.length === 2 ? data.length : head.length === 4 ? 126 : 127)
  if (head.length === 4) head.writeUInt16BE(data.length, 2)
  if (head.length === 10) head.writeBigUInt64BE(BigInt(data.length), 2)
  if (!mask) return Buffer.concat([head, data])
  const key = crypto.getRandomValues(Buffer.alloc(4))
  return Buffer.concat([head, key, data.map((byte, i) => byte ^ (key[i % 4] ?? 0))])
}
