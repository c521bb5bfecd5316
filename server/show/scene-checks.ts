/** Checks scenes that an instructor has written. An error names the field, its value, and what is allowed. */
import { FeedError, quote } from '../http/errors.ts'
import { readChange, readCut } from '../lab/settings.ts'
import type { TransportName } from '../protocol/feed.ts'
import type { Scene, SceneFigure } from '../protocol/show.ts'
import { NEUTRAL } from '../wire/bend/ranges.ts'
import { nearName } from './near-name.ts'

export type JsonPath = readonly (string | number)[]

/** A fault in a scene. `path` leads to the value, from the whole list of scenes. */
export class SceneFault extends Error {
  readonly path: JsonPath

  constructor(path: JsonPath, sentence: string) {
    super(sentence)
    this.path = path
  }
}

type Check = (value: unknown, path: JsonPath) => void
type Fields = Readonly<Record<string, Check>>

const MOST_SCENES = 100

/** Returns the scenes, with the usual values of the fields that are missing. Throws a `SceneFault`. */
export function checkScenes(value: unknown, transports: readonly TransportName[]): readonly Scene[] {
  const checks = checksFor(transports)
  list(value, [], [1, MOST_SCENES], 'scenes', (one, path) => {
    object(one, path, checks.scene, ['id', 'title', 'question', 'look', 'explain', 'runS', 'minutes'])
  })
  const scenes = (value as readonly Partial<Scene>[]).map((scene) => ({ ...USUAL, ...scene }) as Scene)
  for (const [i, scene] of scenes.entries()) {
    const before = scenes.findIndex(({ id }) => id === scene.id)
    if (before < i) refuse([i, 'id'], scene.id, `an id of its own; scene ${before + 1} has this one already`)
    checkTogether(scene, [i])
  }
  return scenes
}

/** Values of the fields that a scene may leave out. */
const USUAL = { answers: [], figure: null, view: 'lanes', lanes: [], set: {}, acts: [], notes: [] } as const

const VIEWS: readonly Scene['view'][] = ['lanes', 'bytes', 'exchange', 'room', 'join']

/** The kinds of figures. `lane`: the figure belongs to one lane. `names`: the figure is the name of a lane. */
const FIGURES: Readonly<Record<SceneFigure['of'], 'lane' | 'number' | 'names'>> = {
  delay: 'lane',
  bytes: 'lane',
  classDelay: 'lane',
  lost: 'number',
  worstQuarter: 'number',
  earliest: 'names',
  cheapest: 'names',
  stopped: 'names',
}

function checksFor(transports: readonly TransportName[]) {
  const lane = oneOf(transports)
  const answer: Fields = { text: text(80), value: number(-1e9, 1e9), lane }
  const figure: Fields = { of: oneOf(Object.keys(FIGURES)), lane }
  const act: Fields = {
    atS: number(0, 3600),
    cut,
    restart: (value, path) => value === true || refuse(path, value, 'true'),
    set,
  }
  const scene: Record<keyof Scene, Check> = {
    id: (value, path) =>
      (typeof value === 'string' && /^[a-z0-9-]{1,32}$/.test(value)) ||
      refuse(path, value, '1 to 32 of the characters a-z, 0-9 and "-"'),
    title: text(60),
    question: text(200),
    answers: (value, path) => list(value, path, [0, 4], 'answers', (one, at) => object(one, at, answer, ['text'])),
    figure: (value, path) => value === null || object(value, path, figure, ['of']),
    view: oneOf(VIEWS),
    lanes: (value, path) => list(value, path, [0, 4], 'lanes', lane),
    set,
    pollMs: number(100, 60_000),
    acts: (value, path) => list(value, path, [0, 20], 'acts', (one, at) => object(one, at, act, ['atS'])),
    runS: number(1, 3600),
    look: text(300),
    explain: text(400),
    notes: (value, path) => list(value, path, [0, 20], 'notes', text(600)),
    minutes: number(0.5, 120),
    spare: (value, path) => typeof value === 'boolean' || refuse(path, value, 'true or false'),
  }
  return { scene }
}

/** Checks fields that depend on each other. */
function checkTogether({ answers, figure, view, lanes, acts, runS }: Scene, path: JsonPath): void {
  if (answers.length === 1) refuse([...path, 'answers'], answers, 'two to four answers, or none')
  if (lanes.length === 0 && view !== 'room' && view !== 'join') refuse([...path, 'lanes'], lanes, 'one to four lanes')
  if (new Set(lanes).size < lanes.length) refuse([...path, 'lanes'], lanes, 'each lane only once')
  for (const [i, { atS, cut, restart, set }] of acts.entries()) {
    if (atS > runS) refuse([...path, 'acts', i, 'atS'], atS, `at most ${runS}, because the scene runs for ${runS} s`)
    if (cut === undefined && restart === undefined && set === undefined)
      refuse([...path, 'acts', i], acts[i], 'an act with "cut", "restart" or "set"')
  }
  if (figure === null) return
  if (answers.length === 0) refuse([...path, 'figure'], figure, 'null, or give answers')
  const kind = FIGURES[figure.of]
  const own = 'lane' in figure ? figure.lane : undefined
  if (kind === 'lane' && own === undefined)
    refuse([...path, 'figure'], figure, `a "lane" too, because "${figure.of}" belongs to one`)
  if (kind !== 'lane' && own !== undefined)
    refuse([...path, 'figure', 'lane'], own, `no lane, because "${figure.of}" needs none`)
  const isOnStage = (lane: TransportName): boolean => view === 'room' || lanes.includes(lane)
  if (own !== undefined && figure.of !== 'classDelay' && !isOnStage(own))
    refuse([...path, 'figure', 'lane'], own, 'one of the scene\u2019s lanes')
  for (const [i, { value, lane }] of answers.entries()) {
    const at = [...path, 'answers', i]
    if (kind !== 'names' && value === undefined) refuse(at, answers[i], `a "value", because "${figure.of}" is a number`)
    if (kind === 'names' && value !== undefined)
      refuse([...at, 'value'], value, `a "lane" instead, because "${figure.of}" names one`)
    if (kind !== 'names' && lane !== undefined)
      refuse([...at, 'lane'], lane, `a "value" instead, because "${figure.of}" is a number`)
    if (lane !== undefined && !isOnStage(lane)) refuse([...at, 'lane'], lane, 'one of the scene\u2019s lanes')
  }
}

function object(value: unknown, path: JsonPath, fields: Fields, needed: readonly string[]): void {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return refuse(path, value, 'an object: {…}')
  for (const [name, field] of Object.entries(value)) {
    const check = Object.hasOwn(fields, name) ? fields[name] : undefined
    if (!check) throw unknown([...path, name], name, Object.keys(fields))
    check(field, [...path, name])
  }
  const missing = needed.find((name) => !Object.hasOwn(value, name))
  if (missing !== undefined) throw new SceneFault(path, `${nameOf([...path, missing])} is missing. Give it.`)
}

function list(value: unknown, path: JsonPath, [from, to]: readonly [number, number], what: string, check: Check): void {
  if (!Array.isArray(value) || value.length < from || value.length > to)
    return refuse(path, value, `a list of ${from} to ${to} ${what}: […]`)
  for (const [i, one] of value.entries()) check(one, [...path, i])
}

function set(value: unknown, path: JsonPath): void {
  object(value, path, { ratePerSecond: setting('ratePerSecond'), conditions: conditions }, [])
}

function conditions(value: unknown, path: JsonPath): void {
  const names = Object.keys(NEUTRAL)
  object(value, path, Object.fromEntries(names.map((name) => [name, setting('conditions', name)])), [])
}

/** Checks a setting by the rules of the lab. */
const setting =
  (group: string, name?: string): Check =>
  (value, path) =>
    byTheLab(path, () => readChange({ [group]: name === undefined ? value : { [name]: value } }))

const cut: Check = (value, path) => byTheLab(path, () => readCut(value))

function byTheLab(path: JsonPath, read: () => unknown): void {
  try {
    read()
  } catch (error) {
    if (!(error instanceof FeedError)) throw error
    throw new SceneFault(path, `${error.message} ${error.remedy}`)
  }
}

const oneOf =
  (names: readonly string[]): Check =>
  (value, path) => {
    if (typeof value === 'string' && names.includes(value)) return
    if (typeof value === 'string' && nearName(value, names) !== null) throw unknown(path, value, names)
    refuse(path, value, `one of ${names.map((name) => quote(name)).join(', ')}`)
  }

const text =
  (most: number): Check =>
  (value, path) => {
    const isFit = typeof value === 'string' && value.trim() !== '' && Array.from(value).length <= most
    if (!isFit) refuse(path, value, `a text of 1 to ${most} characters`)
  }

const number =
  (from: number, to: number): Check =>
  (value, path) => {
    const isFit = typeof value === 'number' && value >= from && value <= to
    if (!isFit) refuse(path, value, `a number from ${from.toLocaleString('en')} to ${to.toLocaleString('en')}`)
  }

function unknown(path: JsonPath, name: string, names: readonly string[]): SceneFault {
  const near = nearName(name, names)
  const remedy = near === null ? `Use one of ${names.join(', ')}.` : `Did you mean ${quote(near)}?`
  return new SceneFault(path, `${nameOf(path.slice(0, -1))} has ${quote(name)}, which is not known. ${remedy}`)
}

function refuse(path: JsonPath, value: unknown, allowed: string): never {
  throw new SceneFault(path, `${nameOf(path)} is ${quote(value)}. Give ${allowed}.`)
}

/** Returns the name of a field in words: `answers[0].text of scene 3`. */
function nameOf([index, ...fields]: JsonPath): string {
  if (index === undefined) return 'the file'
  const scene = `scene ${Number(index) + 1}`
  if (fields.length === 0) return scene
  const name = fields.map((field) => (typeof field === 'number' ? `[${field}]` : `.${field}`)).join('')
  return `${name.slice(1)} of ${scene}`
}
