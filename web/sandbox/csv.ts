/** Writes the page's messages as CSV (RFC 4180), one row for each message. */
import type { Lane } from '../lane/lane.ts'
import type { Message } from '../lane/messages.ts'
import { LANES, USUAL } from '../lane/order.ts'
import type { LaneName } from '../lane/order.ts'

/**
 * Returns the CSV. If a caller passes `lanes`, the last column names the lanes whose figures exclude the message
 * because the page was late for it.
 */
export function toCsv(messages: readonly Message[], lanes?: readonly Lane[]): string {
  const names = lanes?.map(({ name }) => name) ?? USUAL
  const head = ['id', 'at', 'type', 'user', 'text', ...names.map((name) => `${name} ms`)]
  const keptOut = (message: Message): string[] =>
    lanes ? [lanes.flatMap((lane) => (lane.isKeptOut(message) ? lane.name : [])).join(' ')] : []
  const rows = messages.map((message) => [...row(message, names), ...keptOut(message)])
  return [lanes ? [...head, 'not measured'] : head, ...rows].map((cells) => `${cells.map(cell).join(',')}\r\n`).join('')
}

function row({ event, delayMs }: Message, names: readonly LaneName[]): string[] {
  const delays = names.map((name) => delayMs[LANES.indexOf(name)]?.toFixed(3) ?? '')
  return [event.id, event.at.toFixed(3), event.type, safe(event.user ?? ''), safe(event.text ?? ''), ...delays]
}

/**
 * Matches a text that begins a formula, also with the wide characters of East Asian keyboards. A spreadsheet ignores
 * spaces and quotes before the formula.
 */
const FORMULA = /[\s"]*[=+\-@\uff1d\uff0b\uff0d\uff20]/

/**
 * Matches each position in a text at which a spreadsheet may begin a cell: the start, and the position after each
 * separator or line break. Some spreadsheets separate cells by semicolons or tabs, and then ignore the quotes around a
 * CSV cell.
 */
const CELL_START = new RegExp(`(?<=^|;)(?=[\\t\\r\\n])|(?<=^|[;\\t\\n]|\\r(?!\\n))(?=${FORMULA.source})`, 'g')

/**
 * Makes a text safe for a spreadsheet, because anybody may have written the text. If a formula follows an apostrophe, a
 * spreadsheet shows the formula but does not compute it (OWASP, "CSV Injection").
 */
function safe(text: string): string {
  return text.replace(CELL_START, "'")
}

function cell(text: string): string {
  return /[",;\t\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text
}
