import type { Pen } from './pen.ts'

export interface Size {
  readonly width: number
  readonly height: number
}

/** The pen of a canvas that fills its box, in CSS pixels, wiped clean. */
export interface Sheet extends Size {
  readonly pen: Pen
}

/**
 * Null while the canvas has no size, as in a column that is not shown. Asking for the size may cost
 * a layout: who draws with every frame knows it from a ResizeObserver, and says so.
 */
export function sheet(
  canvas: HTMLCanvasElement,
  { width, height }: Size = { width: canvas.clientWidth, height: canvas.clientHeight },
): Sheet | null {
  const pen = canvas.getContext('2d')
  if (!pen || width === 0 || height === 0) return null
  const scale = window.devicePixelRatio
  const across = Math.round(width * scale)
  const down = Math.round(height * scale)
  if (canvas.width !== across || canvas.height !== down) {
    canvas.width = across
    canvas.height = down
  }
  pen.setTransform(scale, 0, 0, scale, 0, 0)
  pen.clearRect(0, 0, width, height)
  return { pen, width, height }
}

/** One rem in units of 16 pixels: everything drawn grows with the text. */
export function unit(): number {
  return Number.parseFloat(getComputedStyle(document.documentElement).fontSize) / 16
}

const widths = new Map<string, Map<string, number>>()
const MOST_TEXTS = 2000

/** The width of a text in a font, which becomes the pen's. Measuring is slow, and the same few texts come sixty times a second. */
export function textWidth(pen: Pen, font: string, text: string): number {
  pen.font = font
  const ofFont = widths.get(font) ?? new Map<string, number>()
  widths.set(font, ofFont)
  const known = ofFont.get(text)
  if (known !== undefined) return known
  if (ofFont.size > MOST_TEXTS) ofFont.clear()
  const { width } = pen.measureText(text)
  ofFont.set(text, width)
  return width
}
