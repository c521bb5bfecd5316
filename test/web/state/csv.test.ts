import { expect, test } from 'vitest'
import { toCsv } from '../../../web/state/csv.ts'
import type { Message } from '../../../web/state/messages.ts'

test('has a row for each message and a column for each lane', () => {
  const rows = toCsv([message('hello', [501.25, 0.4, undefined, 0.3])]).split('\r\n')
  expect(rows).toEqual([
    'id,at,type,user,text,short-poll ms,long-poll ms,sse ms,ws ms',
    'k3.1,1000.500,message,Ada,hello,501.250,0.400,,0.300',
    '',
  ])
})

test('quotes what would break a row', () => {
  expect(toCsv([message('a "b", c\r\nd')])).toContain(',"a ""b"", c\r\nd",')
})

test('takes the edge off what a spreadsheet would compute', () => {
  for (const text of ['=1+1', '+1', '-1', '@SUM(A1)', '\t=1']) expect(toCsv([message(text)])).toContain(`,'${text}`)
})

function message(text: string, delayMs: (number | undefined)[] = []): Message {
  return {
    event: { id: 'k3.1', room: 'lobby', type: 'message', at: 1000.5, user: 'Ada', text },
    seq: 1,
    order: 1,
    receivedAtMs: [],
    delayMs,
  }
}
