/**
 * Sends heartbeats to all clients of a transport with a few timers. A timer for each client would take more memory than
 * the rest of an idle client's state.
 */
export interface Heartbeats<Client> {
  /** Calls `beat` for this client regularly. The first time is after at most one interval. */
  add(client: Client): void
  remove(client: Client): void
}

interface Group<Client> {
  readonly clients: Set<Client>
  readonly timer: ReturnType<typeof setInterval>
  /** Time of the latest heartbeat, or of the start of the group before that. */
  latestMs: number
}

/** Clients that come within this part of an interval share a group. So the server does not write to all clients at once. */
const SHARE = 1 / 16

/** Calls `beat` for each client every `everyMs` ms. The first interval of a client is up to a sixteenth shorter. */
export function createHeartbeats<Client>(everyMs: number, beat: (client: Client) => void): Heartbeats<Client> {
  const groups = new Set<Group<Client>>()
  const groupOf = new Map<Client, Group<Client>>()

  return {
    add(client) {
      const nowMs = performance.now()
      const group = [...groups].find(({ latestMs }) => nowMs - latestMs < everyMs * SHARE) ?? begin(nowMs)
      group.clients.add(client)
      groupOf.set(client, group)
    },
    remove(client) {
      const group = groupOf.get(client)
      groupOf.delete(client)
      if (!group?.clients.delete(client) || group.clients.size > 0) return
      clearInterval(group.timer)
      groups.delete(group)
    },
  }

  function begin(latestMs: number): Group<Client> {
    const timer = setInterval(() => {
      group.latestMs = performance.now()
      for (const client of group.clients) beat(client)
    }, everyMs)
    const group: Group<Client> = { clients: new Set(), timer, latestMs }
    groups.add(group)
    return group
  }
}
