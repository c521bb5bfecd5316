/** Keeps the page's state in its address, and in the history of the browser. */
import { historyStep, readAddress, writeAddress } from '../session/address.ts'
import type { Address } from '../session/address.ts'
import type { SandboxSession } from '../session/session.ts'

export interface ViewHistory {
  /**
   * Writes the state of the view and of the session. A change that a person expects Back to undo becomes an entry of the
   * history: the lanes, the view, and what the drawer shows. Rates, the zoom and the theme replace the entry.
   */
  write(view: Address): void
  /** Takes over the lanes of the entry to which the person went, and returns the view of this entry. */
  adopt(view: Address): Pick<Address, 'open' | 'view' | 'isChatHidden'>
}

export function createViewHistory(session: SandboxSession): ViewHistory {
  let written = ''
  /** What the present entry of the history stands for; null if no entry has been written, or the person just went to one. */
  let step: string | null = null

  return {
    write(view) {
      const now = whole(view)
      const query = writeAddress(now)
      const next = historyStep(now)
      const isStep = step !== null && next !== step
      if (query === written && !isStep) return
      written = query
      step = next
      history[isStep ? 'pushState' : 'replaceState'](history.state, '', `${location.pathname}${query}`)
    },
    adopt(view) {
      const to = readAddress(location.search)
      if (to.room !== session.room) location.reload()
      const { open, view: shown, isChatHidden, lanes, off } = to
      if (historyStep({ ...whole(view), lanes, off }) !== historyStep(whole(view))) session.arrange(lanes, off)
      step = null
      return { open, view: shown, isChatHidden }
    },
  }

  /** Adds to the view what the session knows: the lanes and the settings. */
  function whole(view: Address): Address {
    const { intervalMs, waitS, ratePerSecond } = session
    const lanes = session.lanes.map(({ transport }) => transport)
    const hasBegun = session.lanes.some(({ on, state }) => on || state.is === 'off')
    const off = hasBegun ? session.lanes.flatMap(({ on, transport }) => (on ? [] : [transport])) : view.off
    return { ...view, lanes, off, intervalMs, waitS, ratePerSecond }
  }
}
