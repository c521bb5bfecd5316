import { qrCode } from './qr-code.ts'

/** The terminal that the server prints to, such as `process.stdout`. */
export interface Terminal {
  readonly isTTY?: boolean
  readonly columns?: number
}

/**
 * Returns the lines that tell the instructor how a class joins. `addresses`: addresses of the page `/join`, the
 * likeliest first. `isPrinted`: true or false if the instructor has decided whether the QR code is printed. Without a
 * decision, it is printed in a terminal in which it has its place, and not into a file.
 */
export function invitation(
  addresses: readonly string[],
  isPrinted: boolean | undefined,
  terminal: Terminal,
): readonly string[] {
  const [best, ...others] = addresses
  if (best === undefined) return []
  const { columns, lines } = qrCode(best)
  const hasPlace = terminal.isTTY === true && (terminal.columns ?? 0) >= columns
  return [
    `The class joins at ${best}`,
    ...((isPrinted ?? hasPlace) ? lines : []),
    ...(others.length > 0 ? [`If this address does not work in your network: ${others.join(' or ')}`] : []),
  ]
}
