/**
 * Sends heartbeats to all clients of a transport with one timer. A timer for each client would take more memory than
 * the rest of an idle client's state.
 */
export interface Heartbeats<Client> {
  /** Calls `beat` for this client regularly. The first time is after at most one interval. */
  add(client: Client): void
  remove(client: Client): void
}

/** Number of groups of clients. The groups take turns, so that the server does not write to all clients at once. */
const GROUPS = 16

/** Calls `beat` for each client every `everyMs` ms. The first interval of a client is up to a sixteenth shorter. */
export function createHeartbeats<Client>(everyMs: number, beat: (client: Client) => void): Heartbeats<Client> {
  const groups = new Map<Client, number>()
  let current = 0
  let dueMs = 0
  let timer: ReturnType<typeof setInterval> | undefined

  return {
    add(client) {
      groups.set(client, current)
      if (timer) return
      dueMs = performance.now() + everyMs / GROUPS
      timer = setInterval(next, everyMs / GROUPS)
    },
    remove(client) {
      groups.delete(client)
      if (groups.size > 0) return
      clearInterval(timer)
      timer = undefined
    },
  }

  /** Serves all groups that are due. On a busy machine the timer is late, and several groups are due. */
  function next(): void {
    const nowMs = performance.now()
    for (let served = 0; served < GROUPS && dueMs <= nowMs; served++) {
      current = (current + 1) % GROUPS
      dueMs += everyMs / GROUPS
      for (const [client, group] of groups) if (group === current) beat(client)
    }
    // After a long stall, each group is served only once.
    if (dueMs < nowMs) dueMs = nowMs
  }
}
