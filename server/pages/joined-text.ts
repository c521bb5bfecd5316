/** A text that is joined from several files, and its source map, so that DevTools shows the files. */

/** A file in a joined text. Every line of the file is one line of the joined text, with the same columns. */
export interface Piece {
  /** Path of the file in the repository. */
  readonly path: string
  /** The file's text as the repository has it. Packages have no text in the repository, so theirs is `text`. */
  readonly original: string
  /** The file's text in the joined text. */
  readonly text: string
  /** Lines before and after the file's text, which belong to no file. */
  readonly before: string
  readonly after: string
}

export function joinedText(pieces: readonly Piece[]): string {
  return pieces.map(({ before, text, after }) => `${before}\n${text}\n${after}\n`).join('')
}

/**
 * Returns the source map of `joinedText(pieces)` (ECMA-426). The map has an entry for each word and for each line, and
 * contains the files' original text.
 */
export function sourceMap(pieces: readonly Piece[]): string {
  const lines: string[] = []
  let [sourceBefore, lineBefore, columnBefore] = [0, 0, 0]
  for (const [source, { before, text, after }] of pieces.entries()) {
    lines.push(...before.split('\n').map(() => ''))
    for (const [line, words] of text.split('\n').entries()) {
      let generatedBefore = 0
      const segments = Array.from(words.matchAll(WORD), ({ index }) => {
        const segment = vlq(index - generatedBefore, source - sourceBefore, line - lineBefore, index - columnBefore)
        generatedBefore = columnBefore = index
        ;[sourceBefore, lineBefore] = [source, line]
        return segment
      })
      lines.push(segments.join(','))
    }
    lines.push(...after.split('\n').map(() => ''))
  }
  return JSON.stringify({
    version: 3,
    sources: pieces.map(({ path }) => `/${path}`),
    sourcesContent: pieces.map(({ original }) => original),
    names: [],
    mappings: lines.join(';'),
  })
}

/** Matches the begin of each line and of each word. */
const WORD = /^|(?<=\W)(?=\w)/g

const DIGITS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/'

/** Encodes numbers in groups of five bits. The lowest bit of a number's first group is its sign. */
function vlq(...numbers: readonly number[]): string {
  return numbers
    .map((number) => {
      let rest = Math.abs(number) * 2 + (number < 0 ? 1 : 0)
      let digits = ''
      do {
        const group = rest % 32
        rest = Math.floor(rest / 32)
        digits += DIGITS[rest > 0 ? group + 32 : group]
      } while (rest > 0)
      return digits
    })
    .join('')
}
