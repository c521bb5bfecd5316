/**
 * `npm run check -- --all --json --dir FOLDER` is right for a folder outside of the repository, if a user without any
 * rights runs it on a machine without a network, as autograding does. What this machine does not allow is left out, and
 * the output says so.
 */
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { chmod, cp, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { REPOSITORY, lessons } from '../../lessons/kit/course.ts'
import type { Lesson } from '../../lessons/kit/course.ts'
import { mistakesOf, programOf } from '../../lessons/kit/mistakes.ts'

/** Time for all checks of all lessons on a busy machine. */
const ALL_MS = 900_000

const NOBODY = 65_534

const place = await mkdtemp(join(tmpdir(), 'fourwire-foreign-'))
await chmod(place, 0o777)
afterAll(() => rm(place, { recursive: true }))

/** The binary of this process may lie in a folder that only its owner can read. */
const node = join(place, 'node')
await cp(process.execPath, node)

const asNobody = ['setpriv', `--reuid=${NOBODY}`, `--regid=${NOBODY}`, '--clear-groups']
const offline = ['unshare', '--net', 'sh', '-c', 'ip link set lo up && exec "$@"', 'sh']
const wrapper = [
  ...(works([...offline, 'true']) ? offline : without('without a network: this needs root, unshare and ip')),
  ...(works([...asNobody, node, '-e', `require(${JSON.stringify(join(REPOSITORY, 'package.json'))})`])
    ? asNobody
    : without('as another user: this needs root, setpriv, and a repository that everybody can read')),
]

function works([command = '', ...args]: readonly string[]): boolean {
  return spawnSync(command, args).status === 0
}

function without(what: string): readonly string[] {
  console.log(`Not checked ${what}.`)
  return []
}

interface Row {
  readonly lesson: string
  readonly check: string
  readonly verdict: string
}

/** Writes a program for each lesson into a new folder, and returns the rows of its check. */
async function checked(write: (lesson: Lesson, folder: string) => Promise<void>): Promise<readonly Row[]> {
  const folder = await mkdtemp(join(place, 'work-'))
  for (const lesson of lessons()) await write(lesson, join(folder, lesson.name))
  spawnSync('chmod', ['-R', 'a+rX', folder])
  const check = join(REPOSITORY, 'lessons/kit/check.ts')
  const [command = '', ...args] = [...wrapper, node, check, '--all', '--json', '--dir', folder]
  const child = spawn(command, args, {
    cwd: place,
    env: { ...process.env, HOME: place, TMPDIR: place },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  let json = ''
  child.stdout.setEncoding('utf8').on('data', (text: string) => (json += text))
  await once(child, 'close')
  return JSON.parse(json)
}

const notPassed = (rows: readonly Row[]) => rows.filter(({ verdict }) => verdict !== 'pass')

test(
  'every solution passes',
  async () => {
    const rows = await checked(({ folder }, to) => cp(join(folder, 'solution'), to, { recursive: true }))
    expect(new Set(rows.map(({ lesson }) => lesson)).size).toBe(lessons().length)
    expect(notPassed(rows)).toEqual([])
  },
  ALL_MS,
)

test(
  'every start fails on a check of its own lesson',
  async () => {
    const rows = await checked(({ folder }, to) => cp(join(folder, 'start'), to, { recursive: true }))
    for (const { name } of lessons())
      expect(notPassed(rows).find(({ lesson }) => lesson === name)).toMatchObject({ lesson: name, verdict: 'fail' })
  },
  ALL_MS,
)

test(
  'the first mistake of each lesson fails first on the check that must catch it',
  async () => {
    const rows = await checked(async (lesson, to) => {
      await cp(join(lesson.folder, 'solution'), to, { recursive: true })
      for (const [name, text] of programOf(lesson, mistakeOf(lesson))) await writeFile(join(to, name), text)
    })
    for (const lesson of lessons()) {
      const first = notPassed(rows).find((row) => row.lesson === lesson.name)
      expect(first).toMatchObject({ lesson: lesson.name, check: mistakeOf(lesson).check, verdict: 'fail' })
    }
  },
  ALL_MS,
)

function mistakeOf(lesson: Lesson) {
  const [first] = mistakesOf(lesson)
  if (!first) throw new Error(`${lesson.name} has no mistakes.`)
  return first
}
