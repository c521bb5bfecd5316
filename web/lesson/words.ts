/**
 * Returns the words of one plain shell command, without quotes. Returns null if the text needs a shell, for example for
 * a variable, a pipe or a second command.
 */
export function wordsOf(command: string): readonly string[] | null {
  const pieces = /'([^']*)'|"([^"$`\\]*)"|([^\s'"$`\\|&;<>()]+)|([ \t]+)|([^])/y
  const words: string[] = []
  let isOpen = false
  for (let match = pieces.exec(command); match; match = pieces.exec(command)) {
    const [, single, double, bare, blank, other] = match
    if (other !== undefined) return null
    if (blank !== undefined) {
      isOpen = false
      continue
    }
    const text = single ?? double ?? bare ?? ''
    if (isOpen) words[words.length - 1] += text
    else words.push(text)
    isOpen = true
  }
  return words
}
