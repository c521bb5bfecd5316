/** Writes CSV (RFC 4180). Texts are safe for spreadsheets, because anybody may have written them. */

export function csv(rows: readonly (readonly (string | number)[])[]): string {
  return rows.map((row) => `${row.map(cell).join(',')}\r\n`).join('')
}

/**
 * Matches each position in a text at which a spreadsheet may begin a cell that is a formula: at the start, and after a
 * separator or a line break. Some spreadsheets separate cells by semicolons or tabs, and ignore the quotes of CSV. They
 * ignore spaces and quotes before the formula, and also read the wide signs of East Asian keyboards.
 */
const FORMULA_START = /(?<=^|;)(?=[\t\r\n])|(?<=^|[;\t\n]|\r(?!\n))(?=[\s"]*[=+\-@\uff1d\uff0b\uff0d\uff20])/g

/** An apostrophe before a formula makes a spreadsheet show the formula as text (OWASP, "CSV Injection"). */
function cell(value: string | number): string {
  if (typeof value === 'number') return String(value)
  const text = value.replace(FORMULA_START, "'")
  return /[",;\t\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text
}
