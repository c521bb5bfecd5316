/** Parses and checks what pages say to the show. */
import Type from 'typebox'
import { Compile } from 'typebox/compile'
import { FeedError, quote } from '../http/errors.ts'
import type { TransportName } from '../protocol/feed.ts'
import type { ShowSaying } from '../protocol/show.ts'

/** Largest delay in ms, and largest number of messages, that a page may report. */
const DELAY_MS = 600_000
const MESSAGES = 10_000_000
/** Largest number of delays that stand for all delays of a lane. */
const MOST_DELAYS = 60

const MOST_SEATS = 10_000

/** Creates the parser. It throws `bad-message` with the reason if a page says something else than a page of the show. */
export function createSayingParser(transports: readonly TransportName[]): (saying: object) => ShowSaying {
  const shapes = shapesOf(Type.Enum([...transports]))
  return (saying) => {
    const say = 'say' in saying ? saying.say : undefined
    const shape = shapes.find(({ names }) => names.some((name) => name === say))
    if (!shape) throw new FeedError('bad-message', `A page cannot say ${quote(say)} to the show.`, REMEDY)
    if (shape.check.Check(saying)) return saying
    const [error] = shape.check.Errors(saying)
    const at = error?.instancePath.slice(1).replaceAll('/', '.') || 'the message'
    throw new FeedError('bad-message', `In ${quote(say)}, ${at} ${error?.message ?? 'is not allowed'}.`, REMEDY)
  }
}

const REMEDY = 'The type ShowSaying in server/protocol/show.ts describes what a page can say.'

function shapesOf(Transport: Type.TUnsafe<TransportName> | Type.TEnum<TransportName[]>) {
  const Text = (maxLength: number) => Type.String({ maxLength })
  const Count = (maximum: number) => Type.Integer({ minimum: 0, maximum })
  const Ms = Type.Number({ minimum: 0, maximum: DELAY_MS })
  const Bytes = Type.Number({ minimum: 0, maximum: 1e9 })
  const OrNull = <T extends Type.TSchema>(schema: T) => Type.Union([schema, Type.Null()])
  const Figures = { p50Ms: OrNull(Ms), n: Count(MESSAGES), lost: Count(MESSAGES), doubled: Count(MESSAGES) }
  const SceneId = Text(32)
  // The server keeps these objects, so they have no other fields.
  const Strict = <P extends Type.TProperties>(properties: P) => Type.Object(properties, { additionalProperties: false })
  const shape = <const Say extends ShowSaying['say'], P extends Type.TProperties>(names: Say[], properties: P) => ({
    names,
    check: Compile(Type.Object({ say: Type.Enum(names), ...properties })),
  })
  return [
    shape(['follow'], { seats: Type.Boolean() }),
    shape(['sit'], { key: Type.String({ minLength: 8, maxLength: 64 }), name: Text(256) }),
    shape(['preflight'], {
      found: Type.Array(
        Strict({
          transport: Transport,
          found: Type.Enum(['works', 'refused', 'held', 'no answer']),
          status: Type.Optional(Type.Integer({ minimum: 100, maximum: 999 })),
          ms: Type.Optional(Ms),
        }),
        { maxItems: 8 },
      ),
    }),
    shape(['fell back'], { why: OrNull(Text(200)) }),
    shape(['report'], {
      report: Strict({ transport: Transport, ...Figures, boundMs: OrNull(Ms) }),
    }),
    // A scene has at most four answers.
    shape(['vote'], { scene: SceneId, answer: OrNull(Count(3)) }),
    shape(['take'], {}),
    shape(['next class'], {}),
    shape(['go'], { scene: SceneId, step: Type.Enum(['predict', 'closed', 'run', 'explain']) }),
    shape(['stage'], {
      blank: Type.Optional(Type.Boolean()),
      names: Type.Optional(Type.Boolean()),
      address: Type.Optional(Count(100)),
    }),
    shape(['hands'], { hands: OrNull(Type.Array(Count(MOST_SEATS), { maxItems: 4 })) }),
    shape(['mute', 'unmute', 'remove'], { seat: Type.Integer({ minimum: 1, maximum: MOST_SEATS }) }),
    shape(['measured'], {
      scene: SceneId,
      lanes: Type.Array(
        Strict({
          lane: Transport,
          ...Figures,
          bytesPerMessage: OrNull(Bytes),
          delaysMs: Type.Optional(Type.Array(Ms, { maxItems: MOST_DELAYS })),
          parts: Type.Optional(Type.Array(Bytes, { maxItems: 4 })),
          expected: Type.Optional(Strict({ p50Ms: Ms, fromMs: Ms, toMs: Ms, bytesPerMessage: OrNull(Bytes) })),
        }),
        { maxItems: 8 },
      ),
    }),
  ]
}
