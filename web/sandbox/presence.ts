/** Describes in words which people are present and which people type. */
import type { RoomPresence } from '../../server/protocol/feed.ts'

/**
 * Lists the people present, for example `you, Ada (2 tabs), Grace and 3 more`. The reader comes first, and the others
 * follow in the order of their arrival.
 */
export function whoIsHere({ here, people }: RoomPresence, me: string): string {
  const others = here.filter(({ userId }) => userId !== me)
  const own = here.find(({ userId }) => userId === me)
  const names = [...(own ? [{ ...own, name: 'you' }] : []), ...others].map(({ name, tabs }) =>
    tabs > 1 ? `${name} (${tabs} tabs)` : name,
  )
  const more = people - here.length
  return more > 0 ? `${names.join(', ')} and ${more} more` : names.join(', ')
}

/** Names the other people who type; empty if nobody else types. */
export function whoTypes({ here, typing }: RoomPresence, me: string): string {
  const names = typing
    .filter((userId) => userId !== me)
    .map((id) => here.find(({ userId }) => userId === id)?.name ?? 'somebody')
  if (names.length > 2) return `${names.length} are typing…`
  return names.length === 0 ? '' : `${names.join(' and ')} ${names.length === 1 ? 'is' : 'are'} typing…`
}
