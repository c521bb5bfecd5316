import type { LaneName } from './order.ts'

export const LABELS: Record<LaneName, string> = {
  'short-poll': 'Short polling',
  'long-poll': 'Long polling',
  sse: 'SSE',
  ws: 'WebSocket',
  yours: 'Yours',
}
