/** The true one, whatever a test makes of time. */
const { setTimeout } = globalThis

const LOOK_AGAIN_MS = 2

/** Resolves as soon as `holds` does; rejects with what was last seen when it never does. */
export async function until<T>(what: string, holds: () => T | Promise<T>, withinMs = 10_000): Promise<NonNullable<T>> {
  const end = performance.now() + withinMs
  for (;;) {
    const value = await holds()
    if (value) return value
    if (performance.now() > end) throw new Error(`Waited ${withinMs} ms in vain until ${what}.`)
    // Not at once: whoever is waited for, in another process, needs the processor too.
    await new Promise((resolve) => setTimeout(resolve, LOOK_AGAIN_MS))
  }
}
