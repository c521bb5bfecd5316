import type { TransportName } from '../../server/protocol.ts'

export const LABELS: Record<TransportName, string> = {
  'short-poll': 'Short polling',
  'long-poll': 'Long polling',
  sse: 'SSE',
  ws: 'WebSocket',
}
