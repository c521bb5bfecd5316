/** Draws the QR code of a text, for a terminal and as SVG. */
import { encode } from 'uqr'

export interface QrCode {
  /** Number of columns that the code needs in a terminal. */
  readonly columns: number
  /** Lines for a terminal. Each character shows two modules, one above the other. */
  readonly lines: readonly string[]
  readonly svg: string
}

/** Width of the light margin in modules. A reader needs four of them (ISO/IEC 18004, section 5.3.8). */
const QUIET_ZONE = 4

/**
 * Black on white in the colour cube of 256 colours, because themes of terminals change only the first 16 colours. So
 * the code is dark on light in every terminal.
 */
const BLACK_ON_WHITE = '\x1b[38;5;16;48;5;231m'
const USUAL_COLOURS = '\x1b[0m'

export function qrCode(text: string): QrCode {
  // At the level M, a reader still finds the text if 15 % of the code is hidden, for example by a reflection.
  const { data, size } = encode(text, { ecc: 'M', border: QUIET_ZONE })
  return { columns: size, lines: linesOf(data), svg: svgOf(data, size) }
}

function linesOf(rows: readonly (readonly boolean[])[]): string[] {
  return rows.flatMap((upper, y) => {
    if (y % 2 === 1) return []
    // The number of rows is odd, so the last line has no lower row. Light modules continue the margin.
    const lower = rows[y + 1] ?? []
    const blocks = upper.map((isDark, x) => blockOf(isDark, lower[x] ?? false)).join('')
    return [`${BLACK_ON_WHITE}${blocks}${USUAL_COLOURS}`]
  })
}

function blockOf(isUpperDark: boolean, isLowerDark: boolean): string {
  if (isUpperDark) return isLowerDark ? '█' : '▀'
  return isLowerDark ? '▄' : ' '
}

/** The margin is a part of the picture, so that the code is readable on a dark page as well. */
function svgOf(rows: readonly (readonly boolean[])[], size: number): string {
  const dark = rows.flatMap((row, y) => row.flatMap((isDark, x) => (isDark ? [`M${x} ${y}h1v1h-1z`] : [])))
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${size} ${size}" shape-rendering="crispEdges">`,
    `<path fill="#fff" d="M0 0h${size}v${size}h-${size}z"/>`,
    `<path d="${dark.join('')}"/>`,
    '</svg>',
  ].join('')
}
