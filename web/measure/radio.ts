/**
 * Models how often a transport wakes the radio of a phone on a mobile network, while the page is visible. After each
 * packet the radio stays awake for a while, because more packets may follow. The figures are assumptions, not
 * measurements.
 */

/** Seconds for which the radio stays awake after a packet. Operators choose about 5 to 20 seconds for LTE. */
export const TAIL_S = 10
/** Power of a radio that is awake, in watts. */
export const RADIO_W = 1
/** Energy of a phone's battery, in watt-hours. */
export const BATTERY_WH = 15

/** Use of the radio by one client. */
export interface RadioUse {
  /** Share of the time in which the radio is awake. */
  readonly awake: number
  readonly wakesPerSecond: number
}

/** Percentage of the battery that the radio takes in an hour. */
export const batteryPercent = (awake: number): number => (100 * awake * RADIO_W) / BATTERY_WH

/** Radio of a client that sends something once in each period, whether there are messages or not. */
export function periodicRadio(periodS: number): RadioUse {
  return { awake: Math.min(1, TAIL_S / periodS), wakesPerSecond: periodS > TAIL_S ? 1 / periodS : 0 }
}

/** Radio of a client that is woken by each message, and after `waitS` seconds without one. */
export function heldRadio(ratePerSecond: number, waitS: number): RadioUse {
  const meanOf = (mostS: number): number =>
    ratePerSecond === 0 ? mostS : -Math.expm1(-ratePerSecond * mostS) / ratePerSecond
  const pauseS = meanOf(waitS)
  return {
    awake: meanOf(Math.min(TAIL_S, waitS)) / pauseS,
    wakesPerSecond: waitS > TAIL_S ? Math.exp(-ratePerSecond * TAIL_S) / pauseS : 0,
  }
}

/** Radio of a client that is woken by each message and by heartbeats. Messages come at random moments. */
export function streamRadio(ratePerSecond: number, heartbeatS: number): RadioUse {
  const quiet = Math.exp(-ratePerSecond * TAIL_S)
  const withoutHeartbeat = Math.max(0, 1 - TAIL_S / heartbeatS)
  return {
    awake: 1 - quiet * withoutHeartbeat,
    // A pause is long enough if neither a message nor a heartbeat comes before the radio sleeps.
    wakesPerSecond: heartbeatS > TAIL_S ? quiet * (1 / heartbeatS + ratePerSecond * withoutHeartbeat) : 0,
  }
}
