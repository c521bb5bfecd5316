/** Real timer, even if a test replaces the global one. */
const { setTimeout } = globalThis

const LOOK_AGAIN_MS = 2

/** Resolves as soon as `holds` returns a true value. Rejects with `what` if this does not happen in time. */
export async function until<T>(what: string, holds: () => T | Promise<T>, withinMs = 10_000): Promise<NonNullable<T>> {
  const end = performance.now() + withinMs
  for (;;) {
    const value = await holds()
    if (value) return value
    if (performance.now() > end) throw new Error(`Waited ${withinMs} ms in vain until ${what}.`)
    // The pause leaves the processor to the other process that the test waits for.
    await new Promise((resolve) => setTimeout(resolve, LOOK_AGAIN_MS))
  }
}
