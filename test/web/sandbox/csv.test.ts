import { expect, test } from 'vitest'
import { toCsv } from '../../../web/sandbox/csv.ts'
import type { Message } from '../../../web/lane/messages.ts'

test('the CSV has a row for each message and a column for each lane', () => {
  const rows = toCsv([message('hello', [501.25, 0.4, undefined, 0.3])]).split('\r\n')
  expect(rows).toEqual([
    'id,at,type,user,text,short-poll ms,long-poll ms,sse ms,ws ms',
    'k3.1,1000.500,message,Ada,hello,501.250,0.400,,0.300',
    '',
  ])
})

test('the CSV quotes a text that would break its row', () => {
  expect(toCsv([message('a "b", c\r\nd')])).toContain(',"a ""b"", c\r\nd",')
})

const FORMULAS = [
  '=1+1',
  '+1',
  '-1',
  '@SUM(A1)',
  '\uff1d1+1',
  '"=1+1"',
  ' =1+1',
  '\u00a0=1+1',
  '\t=1+1',
  '\r=1+1',
  '\n=1+1',
]
const BEFORE = ['', ';', 'a;', 'a; ', ';;', '\t', 'a\t', '\n', 'a\n', 'a\r\n', 'a\r', '"', '";', 'a";"', ';\n']

test.each([',', ';', '\t'])(
  'no spreadsheet that separates cells by %j computes a formula in a message',
  (separator) => {
    for (const formula of FORMULAS) {
      for (const before of BEFORE) {
        const text = before + formula
        const csv = toCsv([message(text), message(text, [], text)])
        for (const cell of cellsOf(csv, separator)) expect(cell, JSON.stringify(text)).not.toMatch(/^\s*[=+\-@\uff1d]/)
      }
    }
  },
)

test.each(['\nhello', '\rhello', '\thello', ';\thello'])(
  'no cell of the CSV begins with a control character: %j',
  (text) => {
    for (const cell of cellsOf(toCsv([message(text)]), ';')) expect(cell).not.toMatch(/^[\t\r\n]/)
  },
)

test.each(['a, -1 b', 'wait ; and see', '1 = 1', 'a\r\nb', 'a\n\nb', 'x;y', "it's"])(
  'the CSV leaves a text without a formula unchanged: %j',
  (text) => expect(cellsOf(toCsv([message(text)]), ',')).toContain(text),
)

/** Cells as a spreadsheet reads them: quotes count only at the beginning of a cell (RFC 4180, section 2). */
function cellsOf(csv: string, separator: string): string[] {
  const cells: string[] = []
  let rest = csv
  while (rest !== '') {
    const quoted = /^"((?:[^"]|"")*)"?/.exec(rest)
    const bare = new RegExp(`^[^${separator}\\r\\n]*`)
    const head = quoted ? quoted[0] : ''
    const [tail = ''] = bare.exec(rest.slice(head.length)) ?? []
    cells.push((quoted?.[1] ?? '').replaceAll('""', '"') + tail)
    rest = rest.slice(head.length + tail.length).replace(/^(?:\r\n|[^])/, '')
  }
  return cells
}

function message(text: string, delayMs: (number | undefined)[] = [], user = 'Ada'): Message {
  return {
    event: { id: 'k3.1', room: 'lobby', type: 'message', at: 1000.5, user, text },
    seq: 1,
    order: 1,
    receivedAtMs: [],
    delayMs,
  }
}
