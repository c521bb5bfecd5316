export interface EventReader {
  /**
   * Takes the next part of a stream and returns the data of each event that it completes. Events without data are left
   * out (WHATWG HTML, section 9.2).
   */
  take(text: string): readonly string[]
  /** Id of the last event that has one; empty if there is none. */
  lastId(): string
}

/** Creates a reader of server-sent events. */
export function createEventReader(): EventReader {
  /** Start of an event that has not arrived completely. */
  let rest = ''
  /** The last event with a field `id`. */
  let named = ''

  return {
    take(text) {
      const events = (rest + text.replaceAll('\r', '')).split('\n\n')
      rest = events.pop() ?? ''
      named = events.findLast((event) => event.startsWith('id:') || event.includes('\nid:')) ?? named
      return events.map((event) => valueOf('data', event)).filter((data) => data !== '')
    },
    lastId: () => valueOf('id', named),
  }
}

/** Returns the values of all lines with this field. */
function valueOf(field: string, event: string): string {
  const start = field.length + 1
  const lines = event.split('\n').filter((line) => line.startsWith(`${field}:`))
  return lines.map((line) => line.slice(line[start] === ' ' ? start + 1 : start)).join('\n')
}
