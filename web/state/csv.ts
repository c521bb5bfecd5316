/** The messages that the page holds as CSV (RFC 4180), one row each. */
import type { Message } from './messages.ts'
import { TRANSPORTS } from './order.ts'

export function toCsv(messages: readonly Message[]): string {
  const head = ['id', 'at', 'type', 'user', 'text', ...TRANSPORTS.map((name) => `${name} ms`)]
  return [head, ...messages.map(row)].map((cells) => `${cells.map(cell).join(',')}\r\n`).join('')
}

function row({ event, delayMs }: Message): string[] {
  const delays = TRANSPORTS.map((_, lane) => delayMs[lane]?.toFixed(3) ?? '')
  return [event.id, event.at.toFixed(3), event.type, safe(event.user ?? ''), safe(event.text ?? ''), ...delays]
}

/** A spreadsheet takes a cell that begins so for a formula, and anybody may have written it (OWASP, CSV injection). */
function safe(text: string): string {
  return /^[=+\-@\t\r]/.test(text) ? `'${text}` : text
}

function cell(text: string): string {
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text
}
