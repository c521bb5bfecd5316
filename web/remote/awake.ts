/**
 * Keeps the screen on while the page is visible, if the browser can. A browser offers this only at an address that it
 * trusts. At any other address the phone locks its screen as usual, and the page reconnects afterwards.
 */
export function keepAwake(): void {
  if (!('wakeLock' in navigator)) return
  const ask = (): void => {
    // A refusal, for example because the battery is low, changes nothing for the person.
    if (document.visibilityState === 'visible') navigator.wakeLock.request('screen').catch(() => {})
  }
  document.addEventListener('visibilitychange', ask)
  ask()
}
