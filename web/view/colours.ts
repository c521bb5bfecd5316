/** The tokens of style/base.css as they stand in this theme, for what is drawn on canvases. */
import type { LaneName } from '../state/order.ts'

export interface Colours {
  readonly paper: string
  readonly fill: string
  readonly line: string
  readonly edge: string
  readonly ink: string
  readonly ink2: string
  readonly ink3: string
  readonly lanes: Readonly<Record<LaneName, string>>
  readonly font: string
  /** Computed, since marks drawn half transparent would show what lies below them. */
  mix(colour: string, share: number): string
}

/** Read again whenever the theme or the system's colours change. */
export function readColours(): Colours {
  return readTokens()
}

/** As they are on paper, whatever the theme is. */
export function readLightColours(): Colours {
  const { dataset } = document.documentElement
  const { theme } = dataset
  dataset['theme'] = 'light'
  const colours = readTokens()
  if (theme === undefined) delete dataset['theme']
  else dataset['theme'] = theme
  return colours
}

function readTokens(): Colours {
  const probe = document.body.appendChild(document.createElement('i'))
  const token = (name: string): string => {
    probe.style.color = `var(--${name})`
    return getComputedStyle(probe).color
  }
  const paper = token('paper')
  const mixed = new Map<string, string>()
  const colours: Colours = {
    paper,
    fill: token('fill'),
    line: token('line'),
    edge: token('edge'),
    ink: token('ink'),
    ink2: token('ink2'),
    ink3: token('ink3'),
    lanes: {
      'short-poll': token('short'),
      'long-poll': token('long'),
      sse: token('sse'),
      ws: token('ws'),
      yours: token('ink'),
    },
    font: getComputedStyle(document.body).fontFamily,
    mix(colour, share) {
      const key = `${colour}${share}`
      const known = mixed.get(key) ?? mix(colour, paper, share)
      mixed.set(key, known)
      return known
    },
  }
  probe.remove()
  return colours
}

function mix(colour: string, paper: string, share: number): string {
  const [one, other] = [channels(colour), channels(paper)]
  return `rgb(${one.map((value, i) => Math.round(value * share + (other[i] ?? 0) * (1 - share))).join(',')})`
}

/** From `rgb(194, 72, 10)`, which is how a computed colour is always written. */
function channels(colour: string): number[] {
  return (colour.match(/[\d.]+/g) ?? []).slice(0, 3).map(Number)
}
