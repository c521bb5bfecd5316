/** Numbers as text, for all claims. */
import { countText, msText } from '../compare/words.ts'

export const ms = (value: number): string => `${msText(value)} ms`

export const percent = (share: number): string => `${(100 * share).toFixed(0)} %`

export const times = (ratio: number): string => `${ratio.toFixed(2)} times`

export const bytes = (value: number): string => `${countText(Math.round(value))} B`
