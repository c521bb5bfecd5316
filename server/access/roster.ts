/** The class's roster: a text file with a name and a code in each line. */
import { createHash, timingSafeEqual } from 'node:crypto'
import { nameKey, readName } from './names.ts'
import { plainToken } from './tokens.ts'

export interface Roster {
  /** If the code belongs to the name, returns the name in the roster's spelling. Otherwise returns null. */
  nameFor(user: string, code: string): string | null
}

/**
 * Minimum number of letters and digits in a code. There are over a billion codes of six letters or digits, and each
 * guess has a price (prices.ts). But there are only a million codes of six digits, so the README advises nine digits.
 */
const CODE_LENGTH = 6

/**
 * Reads `name,code` from each line: `Ada Lovelace,k7f2-9xqm`. The last comma is the separator, so a name may contain
 * commas. A field may have quotes around it, as in a spreadsheet. Skips empty lines, lines that begin with `#`, and a
 * first line `name,code`. If a line is invalid, throws an error that names the file and the line.
 */
export function readRoster(text: string, file: string): Roster {
  const codes = new Map<string, { readonly name: string; readonly code: Buffer; readonly line: number }>()
  for (const [i, raw] of text
    .replace(/^\ufeff/, '')
    .split(/\r\n|\r|\n/)
    .entries()) {
    const line = raw.trim()
    if (line === '' || line.startsWith('#') || (i === 0 && /^"?name"?\s*[,;]\s*"?code"?$/i.test(line))) continue
    const where = `${file}, line ${i + 1}`
    const [, given = '', code = ''] = /^(.*)[,;](.*)$/.exec(line) ?? []
    if (given === '') throw new Error(`${where} has no comma. Write a name, a comma and a code: Ada,k7f2-9xqm`)
    const name = nameIn(unquoted(given), where)
    const plain = plainToken(unquoted(code))
    // The code is a secret, so the error does not show the code in the terminal.
    if (plain.length < CODE_LENGTH)
      throw new Error(
        `${where}: the code of ${name} has ${plain.length} letters and digits. Give at least ${CODE_LENGTH}.`,
      )
    const before = codes.get(nameKey(name))
    if (before) throw new Error(`${where}: the name ${name} is already in line ${before.line}. Make each name unique.`)
    codes.set(nameKey(name), { name, code: hash(plain), line: i + 1 })
  }
  if (codes.size === 0)
    throw new Error(`${file} has no names. Write a name, a comma and a code in each line: Ada,k7f2-9xqm`)

  return {
    nameFor(user, code) {
      const found = codes.get(nameKey(user))
      const isRight = timingSafeEqual(hash(plainToken(code)), found?.code ?? NO_CODE)
      return found && isRight ? found.name : null
    },
  }
}

/**
 * If a name is unknown, `nameFor` compares the code with this value, so that the response takes as long as for a known
 * name.
 */
const NO_CODE = Buffer.alloc(32)

const hash = (code: string): Buffer => createHash('sha256').update(code).digest()

/**
 * Removes the quotes that a spreadsheet puts around a field (`"Lovelace, Ada"`), and replaces `""` in the field with
 * one quote.
 */
function unquoted(field: string): string {
  const [, inner] = /^\s*"(.*)"\s*$/.exec(field) ?? []
  return (inner ?? field).replaceAll('""', '"').trim()
}

function nameIn(given: string, where: string): string {
  try {
    return readName(given)
  } catch (error) {
    throw new Error(`${where}: ${error instanceof Error ? error.message : error}`, { cause: error })
  }
}
