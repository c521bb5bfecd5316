/** Implements a canvas's pen that writes SVG 1.1. The pen uses only features that printers and Inkscape understand. */
import type { Pen } from './pen.ts'

export interface SvgPen extends Pen {
  /** Returns the SVG elements that the pen has drawn so far. */
  elements(): string
}

type Measure = (font: string, text: string) => number

interface Ink {
  fillStyle: Pen['fillStyle']
  strokeStyle: Pen['strokeStyle']
  lineWidth: number
  font: string
  textAlign: CanvasTextAlign
  textBaseline: CanvasTextBaseline
  dashes: readonly number[]
}

/** Distance from the middle of a line of text to its base line, as a multiple of the font size. */
const MIDDLE = 0.35
const FONT = /^(?:(\d+) )?([\d.]+)px (.*)$/

/** Creates the pen. The pen has no fonts, so `measure` returns the width of a text in a font. */
export function createSvgPen(measure: Measure): SvgPen {
  const written: string[] = []
  const hatches = new Map<string, string>()
  let path = ''
  let clips = 0
  const ink: Ink = {
    fillStyle: '#000',
    strokeStyle: '#000',
    lineWidth: 1,
    font: '12px sans-serif',
    textAlign: 'left',
    textBaseline: 'alphabetic',
    dashes: [],
  }
  const saved: { readonly ink: Ink; readonly clips: number }[] = []
  const add = (text: string): void => {
    path += text
  }
  const write = (name: string, attributes: string): void => void written.push(`<${name} ${attributes}/>`)
  const stroked = (): string =>
    `fill="none" stroke="${escapeXml(String(ink.strokeStyle))}" stroke-width="${n(ink.lineWidth)}"${ink.dashes.length > 0 ? ` stroke-dasharray="${ink.dashes.map(n).join(' ')}"` : ''}`
  const box = (x: number, y: number, width: number, height: number): string =>
    `x="${n(Math.min(x, x + width))}" y="${n(Math.min(y, y + height))}" width="${n(Math.abs(width))}" height="${n(Math.abs(height))}"`

  const pen: SvgPen = Object.assign(ink, {
    elements: () => written.join('\n'),
    beginPath() {
      path = ''
    },
    moveTo: (x: number, y: number) => add(`M${n(x)} ${n(y)}`),
    lineTo: (x: number, y: number) => add(`L${n(x)} ${n(y)}`),
    closePath: () => add('Z'),
    rect: (x: number, y: number, width: number, height: number) =>
      add(`M${n(x)} ${n(y)}h${n(width)}v${n(height)}h${n(-width)}Z`),
    /** Adds a whole circle. The pen ignores the angles, because no caller draws a part of a circle. */
    arc: (x: number, y: number, r: number) =>
      add(`M${n(x + r)} ${n(y)}A${n(r)} ${n(r)} 0 1 1 ${n(x - r)} ${n(y)}A${n(r)} ${n(r)} 0 1 1 ${n(x + r)} ${n(y)}Z`),
    fill() {
      if (path) write('path', `d="${path}" fill="${escapeXml(String(ink.fillStyle))}"`)
    },
    stroke() {
      if (path) write('path', `d="${path}" ${stroked()}`)
    },
    fillRect(x: number, y: number, width: number, height: number) {
      write('rect', `${box(x, y, width, height)} fill="${escapeXml(String(ink.fillStyle))}"`)
    },
    strokeRect(x: number, y: number, width: number, height: number) {
      write('rect', `${box(x, y, width, height)} ${stroked()}`)
    },
    fillText(text: string, x: number, y: number) {
      const [, weight = '400', size = '12', family = 'sans-serif'] = FONT.exec(ink.font) ?? []
      const base = ink.textBaseline === 'middle' ? y + Number(size) * MIDDLE : y
      const anchor = ink.textAlign === 'center' ? 'middle' : 'start'
      written.push(
        `<text x="${n(x)}" y="${n(base)}" font-family="${escapeXml(family)}" font-size="${size}" font-weight="${weight}" text-anchor="${anchor}" fill="${escapeXml(String(ink.fillStyle))}">${escapeXml(text)}</text>`,
      )
    },
    measureText: (text: string) => ({ width: measure(ink.font, text) }) as TextMetrics,
    setLineDash(dashes: readonly number[]) {
      ink.dashes = [...dashes]
    },
    save() {
      saved.push({ ink: { ...ink }, clips: 0 })
    },
    clip() {
      clips++
      written.push(`<clipPath id="clip${clips}"><path d="${path}"/></clipPath>`, `<g clip-path="url(#clip${clips})">`)
      const last = saved.pop()
      if (last) saved.push({ ...last, clips: last.clips + 1 })
    },
    restore() {
      const last = saved.pop()
      if (!last) return
      written.push('</g>'.repeat(last.clips))
      const { fillStyle, strokeStyle, lineWidth, font, textAlign, textBaseline, dashes } = last.ink
      Object.assign(ink, { fillStyle, strokeStyle, lineWidth, font, textAlign, textBaseline, dashes })
    },
    hatched(colour: string) {
      const known = hatches.get(colour)
      if (known) return known
      const id = `hatch${hatches.size}`
      hatches.set(colour, `url(#${id})`)
      written.push(
        `<pattern id="${id}" width="4" height="4" patternUnits="userSpaceOnUse" patternTransform="rotate(45)"><path d="M0 0V4" stroke="${escapeXml(colour)}" stroke-width="1"/></pattern>`,
      )
      return `url(#${id})`
    },
    drawImage(): never {
      throw new TypeError('An SVG has no bitmaps: draw the shape itself.')
    },
    createPattern: () => null,
  })
  return pen
}

/** Escapes a text for XML content and attributes. Leaves out characters that XML forbids. */
export function escapeXml(text: string): string {
  return text
    .toWellFormed()
    .replace(/[^\t\n\r\u0020-\uD7FF\uE000-\uFFFD\u{10000}-\u{10FFFF}]/gu, '')
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;')
}

/** Rounds a length to a hundredth of a pixel, which keeps the file small. */
function n(value: number): string {
  return String(Math.round(value * 100) / 100)
}
