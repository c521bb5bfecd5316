import { once } from 'node:events'
import { WebSocket } from 'ws'
import type { ErrorMessage } from '../../../server/protocol/feed.ts'
import type { LabMessage, Settings } from '../../../server/protocol/lab.ts'
import type { ShowMessage, ShowNews, ShowSaying, ShowState } from '../../../server/protocol/show.ts'
import { until } from '../../until.ts'

interface GuestOptions {
  readonly room?: string
  /** Name of the page. A page that reconnects gives the same name. */
  readonly page?: string
  readonly token?: string
  /** Token of the session of a person who has signed in. */
  readonly session?: string
}

let pages = 0

/** Opens the lab as a page of the show does. */
export async function enter(origin: string, { room = 'class-1', page = newPage(), token, session }: GuestOptions = {}) {
  const socket = new WebSocket(`${origin.replace('http', 'ws')}/lab?room=${room}&page=${page}`, {
    headers: session === undefined ? {} : { authorization: `Bearer ${session}` },
  })
  const messages: (LabMessage | ShowNews)[] = []
  socket.on('message', (data) => messages.push(JSON.parse(String(data))))
  await once(socket, 'open')
  const send = (message: unknown): void => socket.send(JSON.stringify(message))
  const told = <T extends ShowMessage['tell']>(tell: T) =>
    messages.filter(
      (message): message is Extract<ShowNews, { tell: T }> => message.type === 'show' && message.tell === tell,
    )
  const errors = (): readonly ErrorMessage[] => messages.filter((message) => message.type === 'error')
  const say = (saying: ShowSaying): void => send({ type: 'show', ...saying })
  const state = (): ShowState | undefined => told('state').at(-1)?.state
  if (token !== undefined) send({ type: 'instructor', token })

  return {
    page,
    closed: once(socket, 'close'),
    send,
    say,
    told,
    errors,
    state,
    settings: (): Settings | undefined =>
      messages.flatMap((message) => ('settings' in message ? message.settings : [])).at(-1),
    /** Waits for a state with these fields. */
    stateWith: (fields: Partial<ShowState>): Promise<ShowState> =>
      until(`the state has ${JSON.stringify(fields)}`, () => {
        const now = state()
        const isSuch =
          now && Object.entries(fields).every(([name, value]) => isSame(now[name as keyof ShowState], value))
        return isSuch ? now : undefined
      }),
    next: <T extends ShowMessage['tell']>(tell: T) => until(`the show has told the ${tell}`, () => told(tell).at(-1)),
    /** Says something, and waits for the next error. */
    async refused(saying: ShowSaying | object): Promise<ErrorMessage> {
      const before = errors().length
      send({ type: 'show', ...saying })
      return until('the show has refused it', () => errors()[before])
    },
    async leave() {
      socket.close()
      await once(socket, 'close')
    },
  }
}

/** Opens the lab as a phone does, and takes a seat. */
export async function sit(origin: string, key: string, options: GuestOptions & { name?: string } = {}) {
  const guest = await enter(origin, options)
  guest.say({ say: 'sit', key: `key-of-${key}`, name: options.name ?? '' })
  await until(
    'the guest has a seat',
    () => guest.told('seat').length + guest.told('removed').length + guest.errors().length,
  )
  return guest
}

const newPage = (): string => (++pages).toString(16).padStart(8, '0')

const isSame = (a: unknown, b: unknown): boolean => JSON.stringify(a) === JSON.stringify(b)
