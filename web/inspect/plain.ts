/** Writes an exchange as plain text that a person can copy. Masked bytes stay masked. */
import type { Inspected, Part } from '../../server/protocol/wire.ts'
import { hexOf, textOf } from './bytes.ts'
import type { VisibleExchange, SeenPart } from './see.ts'

export function plainText(inspected: Inspected, seen: VisibleExchange): string {
  const { bytesUp, bytesDown } = seen
  const title = `Exchange ${inspected.exchange} of ${inspected.lane}: ${bytesUp} bytes up, ${bytesDown} bytes down`
  return `${title}\n\n${plainParts(seen)}\n`
}

export const plainParts = ({ parts }: VisibleExchange): string => parts.map(plainPart).join('\n\n')

function plainPart(seen: SeenPart): string {
  const { part, bytes } = seen
  const time = new Date(part.at).toISOString().slice(11, 23)
  if (part.is === 'end') return `--- ${time} the connection ended`
  return `--- ${time} ${part.up ? 'up' : 'down'}, ${bytes} bytes, ${NAMES[part.is]}\n${content(seen)}`.trimEnd()
}

const NAMES: Readonly<Record<Exclude<Part['is'], 'end'>, string>> = {
  head: 'head',
  body: 'body',
  chunk: 'chunk',
  frame: 'WebSocket frame',
  dropped: 'no longer kept by the server',
}

function content({ part, carried, crossed }: SeenPart): string {
  switch (part.is) {
    case 'head':
      return part.text.replaceAll('\r\n', '\n')
    case 'body':
      return textOf(carried)
    case 'chunk':
      return `${part.size.trimEnd()}\n${textOf(carried)}`
    case 'frame':
      return `${part.head.replace(/../g, '$& ')}${hexOf(crossed)}\n${part.opcode < 8 ? textOf(carried) : ''}`
    case 'dropped':
    case 'end':
      return ''
  }
}
