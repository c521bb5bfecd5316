/**
 * Reads the current theme's colours for drawing on a canvas. The colours are CSS variables of page/base.css and
 * lane/style.ts.
 */
import { mapTransports } from '../lane/order.ts'
import type { LaneName } from '../lane/order.ts'

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
  /** Mixes a colour with the colour of the paper. A transparent colour would show the marks below it. */
  mix(colour: string, share: number): string
}

/** Reads the colours. The page calls this again after each change of the theme or of the system's colours. */
export function readColours(): Colours {
  return readTokens()
}

/** Reads the colours of the light theme, which files and paper always use. */
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
      ...mapTransports(({ name }) => token(`lane-${name}`)),
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

/** Returns the three channels of a computed colour, which always has the form `rgb(194, 72, 10)`. */
function channels(colour: string): number[] {
  return (colour.match(/[\d.]+/g) ?? []).slice(0, 3).map(Number)
}
