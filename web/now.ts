/** This page's clock: ms since 1970 with microseconds as decimals. It never steps backwards. */
export const now = (): number => performance.timeOrigin + performance.now()
