/** The keys of a show. They are the keys that a clicker for slides sends, and some for a keyboard. */

export type ShowKey =
  | { readonly is: 'next' | 'back' | 'blank' | 'full' | 'leave' | 'table' | 'help' }
  /** A key of the show that is still down. The keyboard repeats it, but it means nothing more. */
  | { readonly is: 'held' }
  | { readonly is: 'scene'; readonly number: number }

const KEYS: Readonly<Record<string, Exclude<ShowKey['is'], 'scene' | 'held'>>> = {
  PageDown: 'next',
  ArrowRight: 'next',
  ' ': 'next',
  PageUp: 'back',
  ArrowLeft: 'back',
  b: 'blank',
  B: 'blank',
  '.': 'blank',
  f: 'full',
  F: 'full',
  Escape: 'leave',
  t: 'table',
  T: 'table',
  '?': 'help',
}

/** The keys in words, for the help. */
export const KEY_WORDS: readonly (readonly [string, string])[] = [
  ['PageDown, →, space', 'the next step'],
  ['PageUp, ←', 'one step back'],
  ['1 to 8', 'the scene with this number'],
  ['b or .', 'a blank stage, and back'],
  ['t', 'the figures as a table, and back'],
  ['f', 'the full screen'],
  ['Esc', 'closes what is open'],
  ['?', 'these keys'],
]

type Pressed = Pick<KeyboardEvent, 'key' | 'ctrlKey' | 'metaKey' | 'altKey' | 'repeat'>

/** Returns what a key means in a show; null if it means nothing, or belongs to the browser. */
export function showKey({ key, ctrlKey, metaKey, altKey, repeat }: Pressed): ShowKey | null {
  if (ctrlKey || metaKey || altKey) return null
  const is = KEYS[key]
  if (is === undefined && !/^[1-8]$/.test(key)) return null
  if (repeat) return { is: 'held' }
  return is === undefined ? { is: 'scene', number: Number(key) } : { is }
}

/** Reports whether the person types, or whether the focused element needs this key itself. */
export function isForElement({ key, target }: Pick<KeyboardEvent, 'key' | 'target'>): boolean {
  if (!(target instanceof Element)) return false
  if (target.closest('input, select, textarea')) return true
  return (key === ' ' || key === 'Enter') && target.closest('button, a, summary') !== null
}
