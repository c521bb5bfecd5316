/** Returns the time of this page's clock: ms since 1970, with decimals. The clock never goes back. */
export const now = (): number => performance.timeOrigin + performance.now()
