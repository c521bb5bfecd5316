/** Numbers and lists as text. */

export const msText = (ms: number): string => (ms < 9.95 ? ms.toFixed(2) : ms < 99.5 ? ms.toFixed(1) : ms.toFixed(0))

export const bytesText = (bytes: number): string =>
  bytes < 9950 ? `${bytes.toFixed(0)} B` : `${(bytes / 1000).toFixed(1)} kB`

export const countText = (count: number): string => count.toLocaleString('en')

export const countOf = (count: number, noun: string): string => `${countText(count)} ${noun}${count === 1 ? '' : 's'}`

/** Address without its query, which can contain a credential. */
export const shownUrl = ({ origin, pathname }: URL): string => `${origin}${pathname}`

/** Joins words as in "a, b and c". */
export const listText = (words: readonly string[]): string =>
  words.length < 2 ? words.join('') : `${words.slice(0, -1).join(', ')} and ${words.at(-1)}`

/** Replaces the characters that have a meaning in HTML. */
export const escaped = (text: string): string =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;')
