/** Resolves as soon as `holds` does; rejects with what was last seen when it never does. */
export async function until<T>(what: string, holds: () => T | Promise<T>, withinMs = 10_000): Promise<NonNullable<T>> {
  const end = performance.now() + withinMs
  for (;;) {
    const value = await holds()
    if (value) return value
    if (performance.now() > end) throw new Error(`Waited ${withinMs} ms in vain until ${what}.`)
    await new Promise((resolve) => setImmediate(resolve))
  }
}
