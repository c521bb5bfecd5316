import type { Pen } from './pen.ts'

export interface Size {
  readonly width: number
  readonly height: number
}

/** A cleared canvas and its pen. Lengths are in CSS pixels. */
export interface Sheet extends Size {
  readonly pen: Pen
}

/**
 * Returns the sheet; null if the canvas has no size, for example in a hidden column. A caller that draws in every frame
 * passes the size from a ResizeObserver, because the browser may have to lay out the page before it can tell the size.
 * `factor`: CSS pixels for each pixel of the drawing.
 */
export function sheet(
  canvas: HTMLCanvasElement,
  { width, height }: Size = { width: canvas.clientWidth, height: canvas.clientHeight },
  factor = 1,
): Sheet | null {
  const pen = canvas.getContext('2d')
  if (!pen || width === 0 || height === 0) return null
  const scale = window.devicePixelRatio * factor
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

/**
 * Returns one rem in units of 16 pixels. Every drawing multiplies its lengths by this number, so the drawing grows with
 * the text.
 */
export function unit(): number {
  return Number.parseFloat(getComputedStyle(document.documentElement).fontSize) / 16
}

const widths = new Map<string, Map<string, number>>()
const MOST_TEXTS = 2000

/**
 * Returns the width of a text in a font, and gives the pen this font. A cache holds the widths, because the browser
 * measures slowly and the page asks for the same texts sixty times a second.
 */
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
