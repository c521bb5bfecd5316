import { expect, test } from 'vitest'
import { csv } from '../../../server/show/csv.ts'

test('a cell of CSV is quoted where it must be, and a formula becomes text', () => {
  expect(
    csv([
      ['a', 'b"c', 1],
      ['=1+1', 'x;@SUM(A1)', '-2'],
    ]),
  ).toBe(`a,"b""c",1\r\n'=1+1,"x;'@SUM(A1)",'-2\r\n`)
})
