/** Where pages of this process reach the show. Checks what they say, and whether their rights and their share allow it. */
import type { Access } from '../access/access.ts'
import type { Limiter } from '../access/limits.ts'
import { nameKey, readName } from '../access/names.ts'
import { PRICES } from '../access/prices.ts'
import { visitorOf } from '../access/visitor.ts'
import type { LabPage } from '../lab/page.ts'
import type { Visit } from '../lab/visit.ts'
import type { TransportName } from '../protocol/feed.ts'
import type { ShowSaying } from '../protocol/show.ts'
import type { ShowGuest } from './guest.ts'
import { createSayingParser } from './sayings.ts'

interface EntranceParts {
  readonly transports: readonly TransportName[]
  readonly access: Access
  readonly limiter: Limiter
}

/** The show behind the entrance. */
interface Behind {
  heard(guest: ShowGuest, said: ShowSaying): Promise<void>
  left(guest: ShowGuest): void
}

/** Returns the function that takes what a page says. The function rejects with an error for this page. */
export function createEntrance(
  { transports, access, limiter }: EntranceParts,
  behind: Behind,
): (visit: Visit, saying: object) => Promise<void> {
  const parse = createSayingParser(transports)
  const guests = new Map<LabPage, ShowGuest>()

  return async (visit, saying) => {
    const said = parse(saying)
    const { page, from } = visit
    if (said.say === 'sit' || said.say === 'follow') await limiter.spend(from, PRICES[said.say])
    if (page.readyState !== page.OPEN) return
    await behind.heard(guests.get(page) ?? enter(visit), said.say === 'sit' ? seated(visit, said) : said)
  }

  function enter({ name: room, page, pageName, from }: Visit): ShowGuest {
    const guest: ShowGuest = {
      room,
      pageName,
      get isOpen() {
        return page.readyState === page.OPEN
      },
      get isInstructor() {
        try {
          return access.isInstructor(from)
        } catch {
          // A page with a wrong token is no instructor's.
          return false
        }
      },
      get waitingBytes() {
        return page.bufferedAmount
      },
      send: (text) => page.send(text),
      charge: (cost) => limiter.charge(from, cost),
      unseat: () => {},
    }
    guests.set(page, guest)
    page.once('close', () => {
      guests.delete(page)
      behind.left(guest)
    })
    return guest
  }

  /** Returns the saying with the name and the key that the person may have. */
  function seated({ from }: Visit, said: Extract<ShowSaying, { say: 'sit' }>): ShowSaying {
    const { session } = visitorOf(from)
    const person = session && !session.isInstructor ? session.user : null
    const name = person ?? (said.name.trim() === '' ? '' : readName(said.name))
    if (name !== '') access.checkUser(from, { name })
    // A person who has signed in has one seat on all devices: otherwise each key gives a vote.
    return { ...said, name, key: person === null ? said.key : `person ${nameKey(person)}` }
  }
}
